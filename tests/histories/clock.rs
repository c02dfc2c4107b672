//! A simulated clock. It advances only when every client waits, so a simulated second takes no real time. Actions with the
//! same time always run in the same order.

use std::{
    collections::BTreeMap,
    fmt,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use aws_sdk_dynamodb::config::{AsyncSleep, Sleep};
use tokio::sync::oneshot;

/// The clock of one history. All clones show the same time.
#[derive(Clone, Default)]
pub struct Clock(Arc<Mutex<Timers>>);

#[derive(Default)]
struct Timers {
    now: Duration,
    set: u64,
    /// The next actions, sorted by time. Actions with the same time run in the order in which they were added.
    actions: BTreeMap<(Duration, u64), Box<dyn FnOnce() + Send>>,
}

impl Clock {
    /// The simulated time since the start.
    pub fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    /// Runs `action` after `delay`, even if nothing waits for it any more.
    pub fn after(&self, delay: Duration, action: impl FnOnce() + Send + 'static) {
        let mut timers = self.0.lock().unwrap();
        let key = (timers.now + delay, timers.set);
        timers.set += 1;
        timers.actions.insert(key, Box::new(action));
    }

    pub fn wait(&self, delay: Duration) -> impl Future<Output = ()> + Send + Sync + use<> {
        let (sender, receiver) = oneshot::channel();
        self.after(delay, move || _ = sender.send(()));
        async move { receiver.await.unwrap_or_default() }
    }

    /// Runs a future to its end. Advances the clock whenever the future waits.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            if !woken.0.swap(false, Ordering::Relaxed) {
                assert!(self.pass(), "the history waits for nothing");
            }
        }
    }

    /// Advances the clock to the next action, and runs it. Returns whether there was an action.
    fn pass(&self) -> bool {
        let action = {
            let mut timers = self.0.lock().unwrap();
            let Some(((time, _), action)) = timers.actions.pop_first() else { return false };
            timers.now = time;
            action
        };
        action();
        true
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({:?})", self.now())
    }
}

/// The SDK uses the clock for its timeouts, and for its delays between attempts.
impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.wait(duration))
    }
}

/// Whether the future asked to be polled again.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

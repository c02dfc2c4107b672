//! Time that passes only when nothing else can go on. A second of waiting takes no time, and what happens at the same time
//! happens in the same order each time.

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

/// A clock of one history. Its copies are the same clock.
#[derive(Clone, Default)]
pub struct Clock(Arc<Mutex<Timers>>);

#[derive(Default)]
struct Timers {
    now: Duration,
    set: u64,
    /// What happens next, by time and, at the same time, in the order in which it was set.
    actions: BTreeMap<(Duration, u64), Box<dyn FnOnce() + Send>>,
}

impl Clock {
    /// How much time has passed since the start.
    pub fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    /// Does something after a while, even if nothing waits for it by then.
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

    /// Runs a future to its end.
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

    /// Moves on to what happens next, if anything does.
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

/// The SDK's timeouts, and its delays between attempts.
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

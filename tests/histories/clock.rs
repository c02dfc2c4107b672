//! A simulated clock. It advances only when every client waits, so a simulated second takes no real time. Actions with the
//! same time always run in the same order.

use std::{
    collections::BTreeMap,
    fmt,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
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

    /// Runs a future to its end. Whenever it waits, advances the clock to the next action, and runs the action.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return output;
            }
            let mut timers = self.0.lock().unwrap();
            let ((time, _), action) = timers.actions.pop_first().expect("a future waits for an action");
            timers.now = time;
            drop(timers);
            action();
        }
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

//! The SDK's clock in tests. An attempt times out because of a fault, and never because the machine is slow.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::config::{AsyncSleep, Sleep};
use tokio::sync::Notify;

/// The timeout of an attempt. The delays between attempts are shorter.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// After this time, a test fails that waits for a response without a fault.
const STUCK: Duration = Duration::from_mins(1);

#[derive(Clone, Debug, Default)]
pub struct Clock {
    expired: Arc<Notify>,
    passed: Arc<Mutex<Duration>>,
}

impl Clock {
    /// Lets the attempt that waits for a response time out now.
    pub fn expire(&self) {
        self.expired.notify_waiters();
    }

    /// How long the SDK waited since last asked: the attempts that timed out, and the delays between attempts.
    pub fn take_passed(&self) -> Duration {
        std::mem::take(&mut self.passed.lock().unwrap())
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        let (expired, passed) = (self.expired.clone().notified_owned(), self.passed.clone());
        Sleep::new(async move {
            // A delay between attempts takes no time.
            if duration >= ATTEMPT_TIMEOUT {
                let _ = tokio::time::timeout(STUCK, expired).await;
            }
            *passed.lock().unwrap() += duration;
        })
    }
}

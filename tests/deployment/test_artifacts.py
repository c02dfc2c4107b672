"""What the pipeline keeps of earlier deployments."""

import unittest

from account import pipeline


class ArtifactsTest(unittest.TestCase):
    def test_an_artifact_that_a_rollback_needs_stays(self) -> None:
        bucket = pipeline().resources["Artifacts"]["Properties"]
        for rule in bucket["LifecycleConfiguration"]["Rules"]:
            self.assertNotIn("ExpirationInDays", rule)
            self.assertNotIn("ExpirationDate", rule)

"""What must have passed before a release or a deployment goes out. GitHub would also run workflows that need nothing."""

import unittest

import yaml
from cloudformation import ROOT

CI = "./.github/workflows/ci.yml"


def jobs(name: str) -> dict[str, dict]:
    return yaml.safe_load((ROOT / ".github/workflows" / name).read_text())["jobs"]


def needed(jobs: dict[str, dict], name: str) -> set[str]:
    """The job, and all jobs that it waits for. GitHub skips a job if one of these fails, unless the job has a condition."""
    needs = jobs[name].get("needs", [])
    needs = [needs] if isinstance(needs, str) else needs
    return {name}.union(*(needed(jobs, other) for other in needs))


class WorkflowsTest(unittest.TestCase):
    def test_nothing_goes_out_before_ci_has_passed(self):
        for workflow, last in [("release.yml", "publish"), ("deploy.yml", "dev"), ("deploy.yml", "prod")]:
            with self.subTest(workflow, job=last):
                all_jobs = jobs(workflow)
                before = [all_jobs[name] for name in needed(all_jobs, last)]
                self.assertIn(CI, [job.get("uses") for job in before])
                self.assertFalse([job for job in before if "if" in job or "continue-on-error" in job])

    def test_ci_runs_the_artifact_for_arm64_on_its_processor(self):
        job = jobs("ci.yml")["arm64"]
        self.assertEqual(job["runs-on"], "ubuntu-24.04-arm")
        self.assertIn({"run": "make artifact ARCHITECTURE=arm64"}, job["steps"])
        self.assertFalse({"if", "continue-on-error"} & set(job))

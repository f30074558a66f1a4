"""How fast, beside what else does the job: ratios inside one run."""

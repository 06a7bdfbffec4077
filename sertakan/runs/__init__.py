"""What each background job did and when: `job_run`. Words: a *run*, its *due moment*, *late*, the worker *seen*.

`sertakan.jobs` claims a run, does the work and ends it; pages read how the jobs do. Two workers never do the same due moment twice.
"""

"""The queue: jobs that survive their workers.

A claim has a token. Whoever finishes, fails, renews or reports on a job must show it, and hits one row
or nothing: a worker that lost its claim can change nothing. A job's effects, its completion and the jobs
that follow from it commit in one transaction, the caller's.
"""

from daemon.store.queue.add import Enqueued, enqueue, enqueue_many
from daemon.store.queue.claim import claim, give_back, progress, renew, require, still_claimed
from daemon.store.queue.control import cancel, pause, prunable, prune, requeue, resume, set_concurrency, undo_clock_step
from daemon.store.queue.reap import Reaper
from daemon.store.queue.settle import Cause, fail, finish, finish_many, postpone
from daemon.store.queue.view import JobView, counts, jobs_list, next_due, runnable, show

__all__ = [
    "Cause",
    "Enqueued",
    "JobView",
    "Reaper",
    "cancel",
    "claim",
    "counts",
    "enqueue",
    "enqueue_many",
    "fail",
    "finish",
    "finish_many",
    "give_back",
    "jobs_list",
    "next_due",
    "pause",
    "postpone",
    "progress",
    "prunable",
    "prune",
    "renew",
    "requeue",
    "require",
    "resume",
    "runnable",
    "set_concurrency",
    "show",
    "still_claimed",
    "undo_clock_step",
]

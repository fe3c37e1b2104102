# The schedule of 40,000 iterations, over 80,000.
_base_ = "schedule_40k.py"
max_iters = 80000
_base_.param_scheduler[1].end = max_iters
train_cfg = dict(max_iters=max_iters)

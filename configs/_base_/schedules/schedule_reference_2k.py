# The authors' solver over 50 x 2,000 steps, as solve.py runs it; max_iter of the solver says 300,000 and takes no part.
_base_ = "schedule_reference.py"
train_cfg = dict(max_iters=100000, val_interval=2000)

# AdamW's schedule of 20,000 iterations, over 80,000: data sets of tens of thousands of images.
_base_ = "schedule_20k_adamw.py"
max_iters = 80000
_base_.param_scheduler[1].end = max_iters
train_cfg = dict(max_iters=max_iters, val_interval=8000)

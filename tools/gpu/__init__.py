"""Training on one GPU; see `tools/gpu_train.py`."""

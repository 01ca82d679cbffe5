"""PyTorch's files, read and written without PyTorch; knows nothing of any network."""

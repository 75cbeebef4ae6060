"""The benchmark's encoder in torch: transformer layers over variables and over rows in turn. Takes its sizes as JSON on
the command line; for every line on standard input does the work once and prints its seconds and those of the processor.
"""
import json
import sys
import time

import torch

sizes = json.loads(sys.argv[1])
torch.set_num_threads(sizes["threads"])
torch.manual_seed(0)
layers = torch.nn.ModuleList(
    torch.nn.TransformerEncoderLayer(
        sizes["width"], sizes["heads"], sizes["hidden"], dropout=0.0, batch_first=True, norm_first=True
    )
    for _ in range(2 * sizes["pairs"])
)
shape = [sizes["batch"], sizes["rows"], sizes["variables"], sizes["width"]]
x = torch.randn(shape, requires_grad=sizes["mode"] == "gradient")
cotangent = torch.ones(shape)


def encode(hidden):
    """[B, n, d, D] -> [B, n, d, D]."""
    for index, layer in enumerate(layers):
        if index % 2 == 1:
            hidden = hidden.transpose(1, 2)
        size = hidden.shape
        hidden = layer(hidden.reshape(-1, size[2], size[3])).reshape(size)
        if index % 2 == 1:
            hidden = hidden.transpose(1, 2)
    return hidden


def work():
    """One forward pass, or one forward and backward pass."""
    if sizes["mode"] == "forward":
        with torch.inference_mode():
            encode(x)
        return
    layers.zero_grad(set_to_none=True)
    x.grad = None
    encode(x).backward(cotangent)


if sizes["mode"] == "forward":
    layers.eval()
for _ in sys.stdin:
    begin, cpu_begin = time.perf_counter(), time.process_time()
    work()
    print(time.perf_counter() - begin, time.process_time() - cpu_begin, flush=True)

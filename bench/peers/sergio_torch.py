"""Vectorised torch (CPU) simulation of many gene networks: the same equations, numbers of steps and technical noise as
envs/sergio, written the way one would in torch. The first line of standard input holds the networks; every further
one names the work to do, and is answered with its seconds.

Shapes: K systems, d genes (in topological order), S steps, B cell types, n cells per type.
"""
import json
import sys
import time

import torch


def simulate(networks, cells_per_type, knocked_out, steps_per_cell=15, safety=10, dt=0.01, decay=0.8):
    """Clean expression [K, B * n, d]."""
    weights, rates, depth = networks["weights"], networks["rates"], networks["depth"]
    systems, genes, types = rates.shape
    window = steps_per_cell * cells_per_type
    steps = window + safety * int(depth.max())
    # Every system gets the steps of the deepest one, so that all fit one tensor.
    picks = steps + 1 - window + torch.randint(window, (systems, cells_per_type, types))
    responses = torch.zeros(systems, genes, steps + 1, types)
    mean_responses = torch.zeros(systems, genes, types)
    cells = torch.zeros(systems, cells_per_type, types, genes)
    alive = 1.0 - torch.nn.functional.one_hot(knocked_out, genes).float() if knocked_out is not None else None
    for gene in range(genes):
        column = weights[:, :gene, gene]
        base = (-column).clamp(min=0).sum(1)[:, None]
        is_master = ~networks["has_parents"][:, gene]
        production = torch.einsum("kp,kpsb->ksb", column, responses[:, :gene, :-1]) + base[:, None]
        production = torch.where(is_master[:, None, None], rates[:, gene, None, :], production)
        start = torch.einsum("kp,kpb->kb", column, mean_responses[:, :gene]) + base
        start = torch.where(is_master[:, None], rates[:, gene], start)
        if alive is not None:
            production = production * alive[:, gene, None, None]
            start = start * alive[:, gene, None]
        noise = torch.randn(steps, systems, types) * dt**0.5
        production = production.transpose(0, 1).contiguous()
        path = torch.empty(steps + 1, systems, types)
        x = start / decay
        path[0] = x
        for step in range(steps):
            p = production[step]
            loss = decay * x
            x = (x + (p - loss) * dt + (p + loss).sqrt() * noise[step]).clamp_(min=0)
            path[step + 1] = x
        path = path.transpose(0, 1)
        snapshot = torch.gather(path, 1, picks)
        cells[..., gene] = snapshot
        type_means = snapshot.mean(1)
        half = type_means.mean(1)[:, None]
        responses[:, gene] = path / (half[:, None] + path + 1e-30)
        mean_responses[:, gene] = type_means / (half + type_means + 1e-30)
    return cells.reshape(systems, cells_per_type * types, genes)


def measure(clean):
    """10x Chromium noise on [K, R, d]."""
    systems, rows, genes = clean.shape
    outlier = torch.rand(systems, 1, genes) < 0.01
    x = torch.where(outlier, clean * (3.0 + torch.randn(systems, 1, genes)).exp(), clean)
    library = (6.0 + 0.3 * torch.randn(systems, rows, 1)).exp()
    x = x * library / x.sum(2, keepdim=True).clamp(min=1e-30)
    logs = x.log1p()
    middle = torch.quantile(logs.reshape(systems, -1), 0.74, dim=1)[:, None, None]
    x = torch.where(torch.rand_like(x) < torch.sigmoid(8 * (logs - middle)), x, torch.zeros_like(x))
    return torch.poisson(x)


def read_networks(request):
    weights = torch.tensor(request["weights"])
    return {
        "weights": weights,
        "rates": torch.tensor(request["rates"]),
        "depth": torch.tensor(request["depth"]),
        "has_parents": (weights != 0).any(1),
    }


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main():
    request = json.loads(sys.stdin.readline())
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    torch.set_num_threads(request["threads"])
    networks = read_networks(request)
    systems, genes, _ = networks["rates"].shape
    knocked_out = torch.randint(genes, (systems,))
    cells = request["cellsPerType"]
    works = {
        "initialClean": lambda: simulate(networks, cells, None),
        "initial": lambda: measure(simulate(networks, cells, None)),
        "knockoutClean": lambda: simulate(networks, 1, knocked_out),
        "knockout": lambda: measure(simulate(networks, 1, knocked_out)),
    }
    print(json.dumps({"version": torch.__version__, "mean": float(works["initialClean"]().mean())}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"seconds": seconds(works[json.loads(line)["work"]])}), flush=True)


main()

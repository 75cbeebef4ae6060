"""One gene network simulated step by step in numpy, the way the method is usually written: a loop over genes, steps and
regulators on arrays over cell types. Every line of standard input holds a request and is answered with its seconds.

Shapes: d genes (in topological order), B cell types.
"""
import json
import sys
import time

import numpy as np


def hill(x, half, coefficient=1.0):
    return np.where(x > 0, x**coefficient / (half**coefficient + x**coefficient + 1e-30), 0.0)


def simulate(weights, rates, depth, cells_per_type, rng, steps_per_cell=15, safety=10, dt=0.01, decay=0.8):
    genes, types = rates.shape
    window = steps_per_cell * cells_per_type
    steps = window + safety * depth
    picks = rng.integers(steps + 1 - window, steps + 1, size=(cells_per_type, types))
    paths = np.zeros((genes, steps + 1, types))
    means = np.zeros((genes, types))
    for gene in range(genes):
        parents = np.flatnonzero(weights[:, gene])

        def production(concentrations):
            if len(parents) == 0:
                return rates[gene]
            total = np.zeros(types)
            for parent in parents:
                response = hill(concentrations[parent], means[parent].mean())
                k = weights[parent, gene]
                total += k * response if k > 0 else -k * (1 - response)
            return total

        paths[gene, 0] = production(means) / decay
        for step in range(steps):
            x = paths[gene, step]
            p = production(paths[:, step])
            noise = np.sqrt(p) * rng.normal(size=types) + np.sqrt(decay * x) * rng.normal(size=types)
            paths[gene, step + 1] = np.maximum(0, x + (p - decay * x) * dt + noise * np.sqrt(dt))
        means[gene] = np.take_along_axis(paths[gene], picks, axis=0).mean(0)
    return np.take_along_axis(paths, np.broadcast_to(picks, (genes, *picks.shape)), axis=1)


def main():
    rng = np.random.default_rng(0)
    for line in sys.stdin:
        request = json.loads(line)
        weights, rates = np.array(request["weights"][0]), np.array(request["rates"][0])
        begin = time.perf_counter()
        cells = simulate(weights, rates, request["depth"][0], request["cellsPerType"], rng)
        elapsed = time.perf_counter() - begin
        print(json.dumps({"seconds": elapsed, "mean": float(cells.mean())}), flush=True)


main()

"""CIV steps by scipy's SLSQP with numeric gradients: one JSON request per line in, one answer per line out."""

import json
import sys
import time

import numpy as np
from scipy.optimize import minimize


def criterion(step):
    size = len(step["targetMean"])
    target = np.array(step["targetMean"])
    estimate = np.array(step["estimate"])
    noise = np.array(step["noise"])
    solve = np.linalg.inv(np.eye(size) - np.array(step["weights"]).reshape(size, size))
    nodes = []
    for index, node in enumerate(step["nodes"]):
        parents = np.array(node["parents"], dtype=int)
        if len(parents) > 0:
            covariance = np.array(node["covariance"]).reshape(len(parents), len(parents))
            nodes.append((index, parents, np.linalg.inv(covariance)))

    def value(shift):
        mean = solve @ shift
        total = 0.0
        for index, parents, precision in nodes:
            column = mean[parents]
            covariance = np.linalg.inv(precision + np.outer(column, column))
            v = noise[index] * target[parents] @ covariance @ target[parents]
            total += v * v + 2 * v * (noise[index] + estimate[index] ** 2 + 1 / size)
        return total

    return value


def solve(step):
    value = criterion(step)
    ball = {"type": "ineq", "fun": lambda shift: 1 - np.linalg.norm(shift)}
    return min(minimize(value, start, method="SLSQP", constraints=[ball]).fun for start in step["starts"])


for line in sys.stdin:
    steps = json.loads(line)["steps"]
    wall, cpu = time.perf_counter(), time.process_time()
    values = [solve(step) for step in steps]
    answer = {
        "wallSeconds": time.perf_counter() - wall,
        "cpuSeconds": time.process_time() - cpu,
        "values": values,
    }
    print(json.dumps(answer), flush=True)

"""The GPU check's work in torch on the same card: encoder, REDQ/SAC update and posterior step with the paper's networks.

Takes {mode, batch, compiled, small} as JSON on the command line and prints {batch, medianSeconds, peakBytes, version}; the
batch is halved until it fits the card's memory.
"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

request = json.loads(sys.argv[1])
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cudnn.allow_tf32 = True
torch.manual_seed(0)
small = request["small"]
ROWS, VARIABLES, CHANNELS = (6, 3, 2) if small else (60, 10, 2)
PAIRS = 1 if small else 4
ROUNDS = 1 if small else 10


# Sequences that torch's fused attention takes in one call when it trains.
MOST_SEQUENCES = 65535


def in_parts(layer, sequences, mask=None):
    parts = sequences.split(MOST_SEQUENCES)
    masks = [None] * len(parts) if mask is None else mask.split(MOST_SEQUENCES)
    outputs = [layer(part, src_key_padding_mask=own) for part, own in zip(parts, masks)]
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


class Layers(nn.Module):
    """Pairs of pre-norm layers over variables and over rows of [B, n, d, D]; padded rows (mask [B, n], true) are not seen."""

    def __init__(self, width, heads, hidden, dropout):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, hidden, dropout=dropout, batch_first=True, norm_first=True)
            for _ in range(2 * PAIRS)
        )

    def forward(self, hidden, padded=None):
        batch, rows, variables, width = hidden.shape
        mask = None if padded is None else padded.repeat_interleave(variables, 0)
        for index, layer in enumerate(self.layers):
            if index % 2 == 0:
                hidden = in_parts(layer, hidden.reshape(-1, variables, width)).reshape(batch, rows, variables, width)
            else:
                along = hidden.transpose(1, 2).reshape(-1, rows, width)
                along = in_parts(layer, along, mask)
                hidden = along.reshape(batch, variables, rows, width).transpose(1, 2)
        return hidden


class Encoder(nn.Module):
    """Histories [B, n, d, 2] -> [B, d, D]."""

    def __init__(self, width, heads, hidden, dropout):
        super().__init__()
        self.embedding = nn.Linear(2, width)
        self.layers = Layers(width, heads, hidden, dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, values, padded):
        hidden = self.norm(self.layers(self.embedding(values), padded))
        return hidden.masked_fill(padded[:, :, None, None], float("-inf")).amax(1)


def mlp(inputs, outputs):
    return nn.Sequential(
        nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, outputs)
    )


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = Encoder(32, 8, 128, 0.1), mlp(32, 2 * CHANNELS)

    def forward(self, values, padded):
        """Actions [B, d, C] and their log probability [B]."""
        mean, deviation = self.head(self.encoder(values, padded)).chunk(2, -1)
        deviation = deviation.clamp(-5, 2)
        noise = torch.randn_like(mean)
        action = torch.tanh(mean + noise * deviation.exp())
        density = -0.5 * noise**2 - deviation - torch.log(1 - action**2 + 1e-6)
        return action, density.sum((1, 2))


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = Encoder(32, 8, 64, 0.0), mlp(32 + CHANNELS, 1)

    def forward(self, values, padded, action):
        return self.head(torch.cat([self.encoder(values, padded), action], -1)).sum((1, 2))


class Posterior(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(64, 8, 256, 0.1)
        self.source = nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 64))
        self.sink = nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 64))
        self.temperature, self.bias = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.tensor(-3.0))

    def forward(self, values, padded):
        encoding = self.encoder(values, padded)
        source = functional.normalize(self.source(encoding), dim=-1)
        sink = functional.normalize(self.sink(encoding), dim=-1)
        return source @ sink.transpose(1, 2) * self.temperature.exp() + self.bias


def compiled(module):
    return torch.compile(module) if request["compiled"] else module


def adam(module):
    return torch.optim.Adam(module.parameters(), 1e-3, fused=device == "cuda")


def step(optimizer, module, loss):
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimizer.step()


def average(target, source, rate):
    torch._foreach_lerp_(list(target.parameters()), list(source.parameters()), rate)


def histories(batch):
    values = torch.randn(batch, ROWS, VARIABLES, 2, device=device)
    lengths = torch.randint(ROWS - ROWS // 6, ROWS + 1, (batch, 1), device=device)
    return values, torch.arange(ROWS, device=device)[None, :] >= lengths


def encoder_work(batch):
    layers = Layers(32, 8, 128, 0.0).to(device)
    run_layers = compiled(layers)
    x = torch.randn(batch, ROWS, VARIABLES, 32, device=device, requires_grad=request["mode"] == "gradient")
    cotangent = torch.ones_like(x)

    def forward():
        with torch.no_grad():
            run_layers(x)

    def gradient():
        layers.zero_grad(set_to_none=True)
        x.grad = None
        run_layers(x).backward(cotangent)

    return forward if request["mode"] == "forward" else gradient


def redq_work(batch):
    policy, critics = Policy().to(device), [Critic().to(device) for _ in range(2)]
    targets = [Critic().to(device).requires_grad_(False) for _ in range(2)]
    run_policy, run_critics, run_targets = compiled(policy), [*map(compiled, critics)], [*map(compiled, targets)]
    policy_optimizer, critic_optimizers = adam(policy), [adam(critic) for critic in critics]
    alpha, gamma = 0.1, 0.95

    def update():
        values, padded = histories(batch)
        next_values, next_padded = histories(batch)
        action = torch.rand(batch, VARIABLES, CHANNELS, device=device) * 2 - 1
        reward = torch.randn(batch, device=device)
        with torch.no_grad():
            next_action, density = run_policy(next_values, next_padded)
            best = torch.stack([target(next_values, next_padded, next_action) for target in run_targets]).amin(0)
            wanted = reward + gamma * (best - alpha * density)
        for critic, run, optimizer, target in zip(critics, run_critics, critic_optimizers, targets):
            step(optimizer, critic, 0.5 * (run(values, padded, action) - wanted).square().mean())
            average(target, critic, 0.005)
        for critic in critics:
            critic.requires_grad_(False)
        action, density = run_policy(values, padded)
        value = torch.stack([run(values, padded, action) for run in run_critics]).mean(0)
        step(policy_optimizer, policy, (alpha * density - value).mean())
        for critic in critics:
            critic.requires_grad_(True)

    return update


def posterior_work(batch):
    posterior, averaged = Posterior().to(device), Posterior().to(device).requires_grad_(False)
    run_posterior, optimizer = compiled(posterior), adam(posterior)

    def update():
        values, padded = histories(batch)
        graphs = (torch.rand(batch, VARIABLES, VARIABLES, device=device) < 0.3).float()
        loss = functional.binary_cross_entropy_with_logits(run_posterior(values, padded), graphs)
        step(optimizer, posterior, loss)
        average(averaged, posterior, 0.001)

    return update


WORK = {"forward": encoder_work, "gradient": encoder_work, "redq": redq_work, "posterior": posterior_work}


def synchronize():
    if device == "cuda":
        torch.cuda.synchronize()


def measure(batch):
    work = WORK[request["mode"]](batch)
    for _ in range(3):
        work()
    synchronize()
    seconds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        synchronize()
        seconds.append(time.perf_counter() - begin)
    return sorted(seconds)[len(seconds) // 2]


batch = request["batch"]
while True:
    try:
        median = measure(batch)
        break
    except torch.cuda.OutOfMemoryError:
        if batch == 1:
            raise
    torch.cuda.empty_cache()
    batch //= 2
peak = torch.cuda.max_memory_allocated() if device == "cuda" else 0
print(json.dumps({"batch": batch, "medianSeconds": median, "peakBytes": peak, "version": torch.__version__}))

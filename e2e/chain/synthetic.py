# SPDX-License-Identifier: Apache-2.0
"""A small made-up chain with a Uniswap V2 factory, pools and tokens, as plain Python.

It follows the V2 contracts' logs (PairCreated, Transfer of LP, Sync, Mint, Swap, Burn) but runs no
EVM, so a test can also make what no contract would: reserves of 0 or 2^112-1, 255 decimals,
tokens that revert.  The same calls give the same chain, hashes included.
"""

import copy
import hashlib
import math
import random
import time

TOPIC = {
    "PairCreated": "0x0d3648bd0f6ba80134a33ba9275ac585d9d315f0ad8355cddefde31afa28d0e9",
    "Sync": "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1",
    "Swap": "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822",
    "Mint": "0x4c209b5fc8ad50758f13e2e1088ba56a560dff690a1c6fef26394f4c03821c4f",
    "Burn": "0xdccd412f0b1252819cb1fd330b93224ca42612892bb3f4f789976e6d81936496",
    "Transfer": "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
}
SELECTOR = {
    "313ce567": "decimals",
    "95d89b41": "symbol",
    "06fdde03": "name",
    "0dfe1681": "token0",
    "d21220a7": "token1",
    "0902f1ac": "getReserves",
    "18160ddd": "totalSupply",
    "c45a0155": "factory",
}
ZERO = "0x" + "0" * 40
DEAD = "0x000000000000000000000000000000000000dead"
WEI = 10**18
RESERVE_MAX = 2**112 - 1


def word(value):
    """A 32-byte ABI word, as hex, of a whole number or an address."""
    return f"{int(value, 16) if isinstance(value, str) else value:064x}"


def topic(address):
    return "0x" + word(address)


def text(value):
    raw = value.encode()
    return word(32) + word(len(raw)) + raw.hex().ljust(-(-len(raw) // 32) * 64, "0")


def made_hash(*parts):
    return "0x" + hashlib.sha256(" ".join(str(p) for p in parts).encode()).hexdigest()


def made_address(name):
    return "0x" + hashlib.sha256(name.encode()).hexdigest()[:40]


class Revert(Exception):
    """An eth_call that the contract refuses."""


class SyntheticChain:
    def __init__(self, start_timestamp=1_700_000_000, chain_id=31337, weth=None):
        self.chain_id = chain_id
        self.factory = made_address("factory")
        self.weth = weth or made_address("weth")
        self.erc20 = {self.weth: {"symbol": "WETH", "decimals": 18, "style": "string"}}
        self.pools = {}
        self.blocks = []
        self.fork = 0
        self.pending = []
        self.saved = []
        self._seal(start_timestamp)

    # Contracts

    def token(self, symbol, decimals=18, style="string"):
        """A token; style is string, bytes32, revert (decimals and symbol fail) or empty (0x)."""
        address = made_address("token " + symbol)
        self.erc20[address] = {"symbol": symbol, "decimals": decimals, "style": style}
        return address

    def pair(self, token, other=None):
        """Creates a pool of token and WETH (or another token) in the pending block."""
        a, b = sorted((token, other or self.weth))
        pool = made_address("pool " + a + b)
        self.pools[pool] = {"token0": a, "token1": b, "reserves": [0, 0], "supply": 0, "lp": {}}
        data = word(pool) + word(len(self.pools))
        self._log(self.factory, [TOPIC["PairCreated"], topic(a), topic(b)], data)
        return pool

    def weth_pos(self, pool):
        return 0 if self.pools[pool]["token0"] == self.weth else 1

    @property
    def tokens(self):
        """Addresses of all tokens but WETH, oldest first."""
        return [address for address in self.erc20 if address != self.weth]

    # What can happen to a pool

    def mint(self, pool, weth, tokens, to=None):
        state = self.pools[pool]
        to = to or made_address("maker " + pool)
        amounts = [weth, tokens] if self.weth_pos(pool) == 0 else [tokens, weth]
        if state["supply"] == 0:
            made = math.isqrt(weth * tokens) - 1000
            self._transfer(pool, ZERO, ZERO, 1000)
            state["supply"] = 1000
        else:
            made = min(x * state["supply"] // r for x, r in zip(amounts, state["reserves"]))
        state["supply"] += made
        self._transfer(pool, ZERO, to, made)
        self._sync(pool, [r + x for r, x in zip(state["reserves"], amounts)])
        self._log(pool, [TOPIC["Mint"], topic(made_address("router"))], word(amounts[0]) + word(amounts[1]))

    def swap(self, pool, weth_in=0, tokens_in=0, who=None):
        """Exact input on one side, 0.3 % fee; returns what comes out of the other."""
        state = self.pools[pool]
        at = self.weth_pos(pool) if weth_in else 1 - self.weth_pos(pool)
        put = weth_in or tokens_in
        out = put * 997 * state["reserves"][1 - at] // (state["reserves"][at] * 1000 + put * 997)
        reserves = list(state["reserves"])
        reserves[at] += put
        reserves[1 - at] -= out
        self._sync(pool, reserves)
        ins, outs = [0, 0], [0, 0]
        ins[at], outs[1 - at] = put, out
        topics = [TOPIC["Swap"], topic(made_address("router")), topic(who or made_address("trader"))]
        self._log(pool, topics, "".join(word(x) for x in (*ins, *outs)))
        return out

    def burn(self, pool, amount, owner=None):
        state = self.pools[pool]
        owner = owner or made_address("maker " + pool)
        self._transfer(pool, owner, pool, amount)
        self._transfer(pool, pool, ZERO, amount)
        outs = [r * amount // state["supply"] for r in state["reserves"]]
        state["supply"] -= amount
        self._sync(pool, [r - x for r, x in zip(state["reserves"], outs)])
        topics = [TOPIC["Burn"], topic(made_address("router")), topic(owner)]
        self._log(pool, topics, word(outs[0]) + word(outs[1]))

    def transfer_lp(self, pool, to, amount, owner=None):
        self._transfer(pool, owner or made_address("maker " + pool), to, amount)

    def set_reserves(self, pool, weth, tokens):
        """A bare Sync with any reserves, as sync() after a donation or in a broken pool."""
        self._sync(pool, [weth, tokens] if self.weth_pos(pool) == 0 else [tokens, weth])

    # Blocks

    def block(self, seconds=13):
        """Seals what is pending into a block; returns its number."""
        self._seal(self.blocks[-1]["timestamp"] + seconds)
        return len(self.blocks) - 1

    def reorg(self, depth):
        """Takes the last blocks back; later blocks have other hashes. Returns the head left."""
        if not 0 < depth < len(self.blocks):
            raise ValueError(f"depth {depth}: between 1 and {len(self.blocks) - 1} is possible")
        del self.blocks[-depth:]
        del self.saved[-depth:]
        self.pools, self.erc20 = copy.deepcopy(self.saved[-1])
        self.pending = []
        self.fork += 1
        return len(self.blocks) - 1

    def trade(self, blocks, seed=1, seconds=13):
        """Random swaps, mints and burns, from a seed and the head."""
        for _ in range(blocks):
            dice = random.Random(f"{seed} {self.fork} {len(self.blocks)}")
            for pool in sorted(self.pools):
                w = self.pools[pool]["reserves"][self.weth_pos(pool)]
                t = self.pools[pool]["reserves"][1 - self.weth_pos(pool)]
                choice = dice.random()
                if w < WEI // 10 or t < 1000 or choice < 0.3:
                    continue
                share = dice.randrange(5, 60)
                if choice < 0.65:
                    self.swap(pool, weth_in=w * share // 1000)
                elif choice < 0.9:
                    self.swap(pool, tokens_in=t * share // 1000)
                elif choice < 0.96:
                    self.mint(pool, w * share // 1000, t * share // 1000, made_address("second"))
                else:
                    held = self.pools[pool]["lp"].get(made_address("maker " + pool), 0)
                    if held > 100:
                        self.burn(pool, held * share // 1000)
            self.block(seconds)

    # What a node answers

    @property
    def head(self):
        return len(self.blocks) - 1

    def by_hash(self, wanted):
        return next((b for b in self.blocks if b["hash"] == wanted.lower()), None)

    def logs(self, first, last, addresses=None, topics=None):
        out = []
        for block in self.blocks[max(first, 0) : last + 1]:
            for log in block["logs"]:
                if addresses and log["address"] not in addresses:
                    continue
                if all(_matches(log["topics"], i, wanted) for i, wanted in enumerate(topics or [])):
                    out.append(log)
        return out

    def eth_call(self, to, data):
        """The answer as 0x hex; raises Revert."""
        to, name = to.lower(), SELECTOR.get(data[2:10].lower())
        if to in self.erc20 and name in ("decimals", "symbol", "name", "totalSupply"):
            return self._token_call(self.erc20[to], name)
        if to in self.pools and name:
            pool = self.pools[to]
            if name == "getReserves":
                return "0x" + word(pool["reserves"][0]) + word(pool["reserves"][1]) + word(0)
            values = {"token0": pool["token0"], "token1": pool["token1"], "factory": self.factory, "decimals": 18}
            values["totalSupply"] = pool["supply"]
            if name in values:
                return "0x" + word(values[name])
        if to in self.erc20 or to in self.pools or to == self.factory:
            raise Revert("execution reverted")
        return "0x"

    # What a checker asks: the truth, without a node in between

    def syncs(self, pool):
        """(block, log index, reserve0, reserve1, timestamp) of every Sync on the present branch."""
        out = []
        for block in self.blocks:
            for log in block["logs"]:
                if log["address"] == pool and log["topics"][0] == TOPIC["Sync"]:
                    values = int(log["data"][2:66], 16), int(log["data"][66:130], 16)
                    out.append((int(log["blockNumber"], 16), int(log["logIndex"], 16), *values, block["timestamp"]))
        return out

    def transfers(self, pool):
        """(from, to, value) of every LP transfer on the present branch, in order."""
        return [
            ("0x" + log["topics"][1][26:], "0x" + log["topics"][2][26:], int(log["data"], 16))
            for block in self.blocks
            for log in block["logs"]
            if log["address"] == pool and log["topics"][0] == TOPIC["Transfer"]
        ]

    # Inside

    def _token_call(self, token, name):
        if token["style"] == "revert":
            raise Revert("execution reverted")
        if token["style"] == "empty":
            return "0x"
        if name == "decimals":
            return "0x" + word(token["decimals"])
        if name == "totalSupply":
            return "0x" + word(10 ** min(token["decimals"], 60))
        if token["style"] == "bytes32":
            return "0x" + token["symbol"].encode()[:32].hex().ljust(64, "0")
        return "0x" + text(token["symbol"])

    def _transfer(self, pool, source, target, value):
        held = self.pools[pool]["lp"]
        if source != ZERO:
            held[source] = held.get(source, 0) - value
        held[target] = held.get(target, 0) + value
        self._log(pool, [TOPIC["Transfer"], topic(source), topic(target)], word(value))

    def _sync(self, pool, reserves):
        if not all(0 <= r <= RESERVE_MAX for r in reserves):
            raise ValueError(f"reserves {reserves}: a pool holds 0 to 2^112-1")
        self.pools[pool]["reserves"] = list(reserves)
        self._log(pool, [TOPIC["Sync"]], word(reserves[0]) + word(reserves[1]))

    def _log(self, address, topics, data):
        self.pending.append({"address": address, "topics": topics, "data": "0x" + data})

    def _seal(self, timestamp):
        number = len(self.blocks)
        parent = self.blocks[-1]["hash"] if self.blocks else "0x" + "0" * 64
        digest = made_hash("block", parent, number, timestamp, self.fork, self.pending)
        logs = []
        for index, log in enumerate(self.pending):
            place = {"blockNumber": hex(number), "blockHash": digest, "transactionIndex": hex(index // 3)}
            place["transactionHash"] = made_hash("tx", digest, index // 3)
            logs.append({**log, **place, "logIndex": hex(index), "removed": False})
        self.blocks.append({"number": number, "hash": digest, "parent": parent, "timestamp": timestamp, "logs": logs})
        self.pending = []
        self.saved.append(copy.deepcopy((self.pools, self.erc20)))


def _matches(topics, index, wanted):
    if wanted is None:
        return True
    if index >= len(topics):
        return False
    choices = wanted if isinstance(wanted, list) else [wanted]
    return not choices or any(c is None or topics[index] == c.lower() for c in choices)


def sample_chain(blocks=60, seed=1, timestamp=1_700_000_000):
    """A chain with ordinary and odd pools: what most tests start from."""
    chain = SyntheticChain(timestamp)
    for symbol, decimals, style in (
        ("AAA", 18, "string"),
        ("BBB", 6, "bytes32"),
        ("CCC", 0, "string"),
        ("DDD", 255, "string"),
        ("EEE", 18, "revert"),
    ):
        pool = chain.pair(chain.token(symbol, decimals, style))
        tokens = min(5000 * 10 ** min(decimals, 18), RESERVE_MAX // 1000)
        chain.mint(pool, 10 * WEI, tokens)
        chain.block(26)
    chain.trade(blocks, seed, 120)
    return chain


def bench_chain(hours=30, end=None):
    """One lively pool, some hours old at the present: for measuring answers."""
    blocks = hours * 30
    chain = SyntheticChain((int(time.time()) if end is None else end) - 120 * blocks)
    pool = chain.pair(chain.token("BENCH"))
    chain.mint(pool, 10 * WEI, 5000 * WEI)
    chain.trade(blocks, seed=1, seconds=120)
    return chain

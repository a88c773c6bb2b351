"""Exact twins of deployed protocols: integers, each protocol's own rounding, edges and thresholds.

One module per protocol, with its closest parts in modules named after it (`aave`, `aave_math`).
Versions are data (`version=aave.V3_7`), never another module. Every twin has the same small face:

    health(position, ...)     -> a frozen record: the sums that decide, and the decision
    liquidate(position, ...)  -> a frozen record: amounts, fees, bad debt, the state after,
                                 or a `Refused` that says which condition of the protocol failed

A twin takes and returns the protocol's own fixed point, so that its numbers can be laid beside a
trace of the chain. A refusal is a returned value; a broken precondition of the arithmetic is an
`assert`. The rule is what is modelled, not the storage: no clock, no block, no token transfers.
The protocols' pages in docs/protocols say what is modelled and what is not.
"""

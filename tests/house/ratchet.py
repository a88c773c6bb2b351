"""A ratchet: an exception is a number which may only fall, and has to follow the measure."""

from collections.abc import Mapping


def out_of_step(measured: Mapping[str, int], allowed: Mapping[str, int]) -> list[str]:
    """Where the measure is not what the ratchet says: above it, or below and to be lowered."""
    complaints = []
    for key in sorted(measured.keys() | allowed.keys()):
        now, limit = measured.get(key, 0), allowed.get(key, 0)
        if now > limit:
            complaints.append(f"{key}: {now}, and the ratchet allows {limit}")
        elif now < limit:
            advice = f"lower it to {now}" if now else "remove it"
            complaints.append(f"{key}: {now} is better than its ratchet of {limit}: {advice}")
    return complaints

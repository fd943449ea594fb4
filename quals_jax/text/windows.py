"""Long token sequences in overlapping windows."""


def windows(num_tokens: int, room: int, overlap: int) -> list[tuple[int, int]]:
    """``[start, end)`` of windows of at most ``room`` tokens; neighbours share ``overlap`` tokens.

    One window (empty for no tokens) where all fits. An ``overlap`` that leaves no step forward is
    lowered to half the room. The last window is full too, so it may share more.
    """
    if room < 1:
        raise ValueError(f"windows of {room} tokens: expected at least 1")
    if num_tokens <= room:
        return [(0, num_tokens)]
    step = room - min(overlap, room // 2)
    starts = [*range(0, num_tokens - room, step), num_tokens - room]
    return [(start, start + room) for start in starts]

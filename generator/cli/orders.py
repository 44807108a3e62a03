"""The characters that give a terminal orders, and what is shown in their place.

They are the C0 and C1 controls (ECMA-48) and Unicode's bidirectional ones (UAX 9).
"""

_TURNING = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
ORDERS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}
ORDERS |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *_TURNING)}

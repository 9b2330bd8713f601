#pragma once

/// How often this program has allocated memory, by any of malloc's family.
unsigned long counted_allocations(void);

#pragma once

/// How often this program has allocated memory, by any of malloc's family.
unsigned long counted_allocations(void);

/// How many bytes of the heap are in use.
unsigned long heap_bytes_in_use(void);

#pragma once

/// Returns the number of allocations by any of the malloc functions.
unsigned long counted_allocations(void);

/// Returns the number of bytes in use on the heap.
unsigned long heap_bytes_in_use(void);

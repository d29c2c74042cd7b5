// Memory that was freed, given back to the system.
//
// Purpose: the allocator keeps what lies free between what is in use, so a process that runs for days comes to hold the
// worst moment of every size. Units: none. Ownership: none. Thread safety: any thread; others that allocate meanwhile
// may wait for some milliseconds. Errors: none; where there is nothing to give, nothing happens.
#ifndef MXSCAN_IO_HEAP_H_
#define MXSCAN_IO_HEAP_H_

namespace mxscan {

void ReturnFreedMemory();

}  // namespace mxscan

#endif  // MXSCAN_IO_HEAP_H_

#include "io/heap.h"

#include <malloc.h>

namespace mxscan {

void ReturnFreedMemory() { malloc_trim(0); }

}  // namespace mxscan

// Products of squares by what the processor has for them. Both headers define the same functions,
// for sides that lie as AMX wants them.
#pragma once

#ifdef __AMX_BF16__
#include "tiles.h"
#else
#include "dot_products.h"
#endif

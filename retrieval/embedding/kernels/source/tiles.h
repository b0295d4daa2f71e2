// Products on the tiles of AMX: eight registers of 16 rows of 64 bytes.
//
// TDPBF16PS adds to a tile of 16 x 16 float32 sums the product of a left tile, 16 rows of 32
// bfloat16, and a right tile, which holds 32 rows of 16 columns with two rows to a line: line r is
//   b[2r][0] b[2r+1][0]  b[2r][1] b[2r+1][1]  ...  b[2r][15] b[2r+1][15]
// (Intel 64 and IA-32 Architectures Optimization Reference Manual, "Intel AMX"; Intel Intrinsics
// Guide, _tile_dpbf16ps). The left side is read as it lies in memory, row by row.
#pragma once

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "square.h"

namespace encoder {

struct alignas(64) TileConfiguration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Linux grants a process the tiles' registers on request only.
inline bool tiles_granted() {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  static const bool granted = syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
  return granted;
}

class TilesInUse {
 public:
  TilesInUse() {
    const TileConfiguration configuration;
    _tile_loadconfig(&configuration);
  }
  ~TilesInUse() { _tile_release(); }
};

inline void zero_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

inline void load_sums(const float* sums, int64_t stride) {
  const float* lower = sums + kTileRows * stride;
  _tile_loadd(0, sums, stride * 4);
  _tile_loadd(1, sums + kTileRows, stride * 4);
  _tile_loadd(2, lower, stride * 4);
  _tile_loadd(3, lower + kTileRows, stride * 4);
}

inline void store_sums(float* sums, int64_t stride) {
  float* lower = sums + kTileRows * stride;
  _tile_stored(0, sums, stride * 4);
  _tile_stored(1, sums + kTileRows, stride * 4);
  _tile_stored(2, lower, stride * 4);
  _tile_stored(3, lower + kTileRows, stride * 4);
}

// Adds to the loaded sums (32 x 32) left (32 rows, `depths` times 32 columns) times right, whose
// tiles lie depth by depth: that of the first 16 columns, that of the others. Calls `meanwhile()`
// after each depth: tiles have a unit of their own, beside which that of vectors is free.
template <class Meanwhile>
inline void add_products(const BFloat16* left, Steps steps, const BFloat16* right, int64_t depths,
                         const Meanwhile& meanwhile) {
  for (int64_t depth = 0; depth < depths; ++depth) {
    _tile_loadd(4, left, steps.rows * 2);
    _tile_loadd(6, right, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + kTile, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, left + kTileRows * steps.rows, steps.rows * 2);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
    meanwhile();
    left += steps.depths;
    right += 2 * kTile;
  }
}

// The intrinsics hide from the compiler that they use memory.
inline void order_memory() { std::atomic_signal_fence(std::memory_order_seq_cst); }

// sums = left times right, as of `add_products`; the tiles take all 32 `rows` in the same time.
template <class Meanwhile>
inline void multiply(const BFloat16* left, Steps steps, int64_t rows, const BFloat16* right,
                     int64_t depths, float* sums, int64_t stride, const Meanwhile& meanwhile) {
  order_memory();
  zero_sums();
  add_products(left, steps, right, depths, meanwhile);
  store_sums(sums, stride);
  order_memory();
}

// sums += left times right.
inline void multiply_add(const BFloat16* left, Steps steps, int64_t rows, const BFloat16* right,
                         int64_t depths, float* sums, int64_t stride) {
  order_memory();
  load_sums(sums, stride);
  add_products(left, steps, right, depths, [] {});
  store_sums(sums, stride);
  order_memory();
}

}  // namespace encoder

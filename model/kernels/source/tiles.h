// The processor's tiles (AMX): squares of 32 x 32 sums of products of bfloat16, two tiles a side.
// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "squares.h"

namespace sourcebook {

struct alignas(64) TileConfiguration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Linux grants a process the tiles' registers on request only.
inline bool squares_granted() {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  static const bool granted = syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
  return granted;
}

// What a thread needs to multiply squares: the tiles, configured until it is done.
struct SquareUnit {
  SquareUnit() {
    static constexpr TileConfiguration kConfiguration;
    _tile_loadconfig(&kConfiguration);
  }
  ~SquareUnit() { _tile_release(); }
  SquareUnit(const SquareUnit&) = delete;
  SquareUnit& operator=(const SquareUnit&) = delete;
};

// Four tiles of sums: registers 0-3 hold upper left, upper right, lower left, lower right.
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

inline void zero_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

// sums (32 x 32) += x times a panel (for each group, the tiles of 16 outputs and of 16 more);
// starts from zero if `fresh`.
inline void multiply_square(const LeftRows& x, const BFloat16* tiles, int64_t groups, float* sums,
                            int64_t stride, bool fresh) {
  std::atomic_signal_fence(std::memory_order_seq_cst);  // the intrinsics hide that they use memory
  fresh ? zero_sums() : load_sums(sums, stride);
  for (int64_t group = 0; group < groups; ++group) {
    const BFloat16* upper = x.first + group * x.group_step;
    _tile_loadd(4, upper, x.row_stride * 2);
    _tile_loadd(5, upper + kTileRows * x.row_stride, x.row_stride * 2);
    _tile_loadd(6, tiles + 2 * group * kTile, 64);
    _tile_loadd(7, tiles + (2 * group + 1) * kTile, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  store_sums(sums, stride);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace sourcebook

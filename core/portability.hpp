#pragma once
/// The only compiler switches of the code base: the same physics compiles for the host and, under nvcc, for the device.

#ifdef __CUDACC__
#define DF_FUNCTION __host__ __device__
/// For templates that call a loop whose host or device nature only the caller knows (nvcc would warn otherwise).
#define DF_CALLER_DECIDES _Pragma("nv_exec_check_disable")
#else
#define DF_FUNCTION
#define DF_CALLER_DECIDES
#endif

/// Put before a loop over lanes: its iterations are independent, so the host compiler shall use vector registers. No sum is taken
/// in another order: what a lane computes is what it would compute alone.
#if defined(__CUDACC__)
#define DF_LANES
#else
#define DF_LANES _Pragma("omp simd")
#endif

/// Put before a function that loops over lanes call: the host compiler leaves such a loop alone if a call stays in it.
#if defined(__CUDACC__)
#define DF_IN_LANES
#else
#define DF_IN_LANES [[gnu::always_inline]]
#endif

/// Put before a long template that is called from several places: a device compiler, which would write it out at each, makes one
/// function of it. The host compiler inlines as it sees fit.
#if defined(__CUDACC__)
#define DF_OUTLINE __noinline__
#else
#define DF_OUTLINE
#endif

/// Asks the host for the cache line at an address that a loop comes to later, whether or not it exists; a device needs none.
#if defined(__CUDACC__)
#define DF_FETCH_LATER(address) static_cast<void>(address)
#else
#define DF_FETCH_LATER(address) __builtin_prefetch(address)
#endif

namespace dermaflux {

/// Rows of a column that a step takes abreast: a host's vector registers hold so many, a device has a thread for each.
#if defined(__CUDACC__)
inline constexpr int rows_abreast = 1;
#else
inline constexpr int rows_abreast = 8;
#endif

/// Whether the function that asks runs on a device.
DF_FUNCTION inline constexpr bool runs_on_device() {
#ifdef __CUDA_ARCH__
  return true;
#else
  return false;
#endif
}

/// Position of the lowest bit that is set; there must be one.
DF_FUNCTION inline int lowest_bit(unsigned bits) {
#ifdef __CUDA_ARCH__
  return __ffs(static_cast<int>(bits)) - 1;
#else
  return __builtin_ctz(bits);
#endif
}

/// The larger of two numbers; unlike std::fmax it ignores nothing about NaN, so it is one instruction.
DF_FUNCTION inline constexpr double larger(double a, double b) { return a > b ? a : b; }
/// The smaller of two numbers.
DF_FUNCTION inline constexpr double smaller(double a, double b) { return a < b ? a : b; }
/// Mean of two numbers of which `b` has the weight `share`; at 0 and 1 exactly one of them.
DF_FUNCTION inline constexpr double mix(double a, double b, double share) { return (1.0 - share) * a + share * b; }

}  // namespace dermaflux

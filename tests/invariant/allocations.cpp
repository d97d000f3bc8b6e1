#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/support/bound_case.hpp"

/// Memory is laid out before a treatment starts; from the first stroke to the last year nothing is asked for.
namespace {
std::atomic<long> allocations{0};

void* counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace dermaflux {
namespace {

TEST(Allocations, AreNoneDuringATreatment) {
  const Treatment treatment = test::treatment(
      "normal", {{"machine.dwell_ms", "30"}, {"ink.size_classes", "3"}, {"skin.fracture", "true"}, {"sessions.days", "[0, 20]"}});
  const long at_start = allocations.load();
  test::BoundCase one(treatment);
  EXPECT_GT(allocations.load(), at_start);  // setting up asks for memory, and is counted
  const long before = allocations.load();
  const Outcome outcome = one.run(SerialExecutor{});
  EXPECT_EQ(allocations.load(), before);
  EXPECT_GT(outcome.deposited, 0.0);
}

}  // namespace
}  // namespace dermaflux

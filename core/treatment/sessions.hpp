#pragma once
#include "core/treatment/number_list.hpp"

namespace dermaflux {

/// Sessions of one treatment, the first included.
inline constexpr int max_sessions = 6;

/// One value per session.
using SessionList = NumberList<max_sessions>;

/// When a dot is treated again, and how.
struct Sessions {
  SessionList start;  ///< since the first session, which starts at 0 [s]
  SessionList depth;  ///< set depth of each; empty: the machine's [m]
  SessionList dwell;  ///< contact time of each; empty: the machine's [s]

  int count() const { return start.count > 0 ? start.count : 1; }
  double time(int session) const { return start.count > 0 ? start.values[static_cast<std::size_t>(session)] : 0.0; }
};

}  // namespace dermaflux

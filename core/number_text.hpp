#pragma once
#include <sstream>
#include <string>

#include "core/units.hpp"

namespace dermaflux {

/// A number as a message shows it.
inline std::string number_text(double value) {
  std::ostringstream text;
  text.precision(12);
  text << value;
  return text.str();
}

inline std::string with_unit(double value, const std::string& unit) {
  return number_text(value) + (unit.empty() ? "" : " " + unit);
}

/// A length [m] in millimetres.
inline std::string in_mm(double length) { return with_unit(length / units::mm, "mm"); }

}  // namespace dermaflux

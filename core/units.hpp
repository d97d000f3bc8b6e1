#pragma once
/// SI values of the units that appear at the boundary (TOML keys, tests); inside the program every number is SI.

namespace dermaflux::units {

inline constexpr double pi = 3.141592653589793238;

inline constexpr double m = 1.0;
inline constexpr double mm = 1e-3;
inline constexpr double um = 1e-6;
inline constexpr double nm = 1e-9;
inline constexpr double cm2 = 1e-4;
inline constexpr double mm2 = 1e-6;
inline constexpr double nl = 1e-12;  ///< nanolitre [m^3]
inline constexpr double s = 1.0;
inline constexpr double ms = 1e-3;
inline constexpr double minute = 60.0;
inline constexpr double hour = 3600.0;
inline constexpr double day = 86400.0;
inline constexpr double year = 365.25 * day;
inline constexpr double month = year / 12.0;
inline constexpr double g = 1e-3;
inline constexpr double ng = 1e-12;  ///< nanogram [kg]
inline constexpr double Pa = 1.0;
inline constexpr double kPa = 1e3;
inline constexpr double MPa = 1e6;
inline constexpr double mPa_s = 1e-3;
inline constexpr double degree = pi / 180.0;

}  // namespace dermaflux::units

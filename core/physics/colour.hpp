#pragma once
#include <cmath>

#include "core/portability.hpp"
#include "core/units.hpp"

namespace dermaflux {

struct Xyz {
  double x, y, z;
};

/// CIE 1976 lightness and opponent colours.
struct Lab {
  double l, a, b;
};

/// CIE 1931 colour matching functions by a multi-lobe fit. Source: Wyman, Sloan & Shirley 2013, J. Comput. Graph. Tech. 2.
struct ColourMatching {
  DF_FUNCTION static double lobe(double nm, double centre, double left, double right) {
    const double t = (nm - centre) / (nm < centre ? left : right);
    return std::exp(-0.5 * t * t);
  }
  DF_FUNCTION Xyz operator()(double wavelength) const {
    const double nm = wavelength / units::nm;
    return {1.056 * lobe(nm, 599.8, 37.9, 31.0) + 0.362 * lobe(nm, 442.0, 16.0, 26.7) - 0.065 * lobe(nm, 501.1, 20.4, 26.2),
            0.821 * lobe(nm, 568.8, 46.9, 40.5) + 0.286 * lobe(nm, 530.9, 16.3, 31.1),
            1.217 * lobe(nm, 437.0, 11.8, 36.0) + 0.681 * lobe(nm, 459.0, 26.0, 13.8)};
  }
};

/// Lab of a colour under a white. Source: CIE 15:2018.
struct LabFromXyz {
  Xyz white;
  DF_FUNCTION static double root(double t) {
    constexpr double edge = 6.0 / 29.0;
    return t > edge * edge * edge ? std::cbrt(t) : t / (3.0 * edge * edge) + 4.0 / 29.0;
  }
  DF_FUNCTION Lab operator()(const Xyz& c) const {
    const double fx = root(c.x / white.x), fy = root(c.y / white.y), fz = root(c.z / white.z);
    return {116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)};
  }
};

/// Individual typology angle of skin [deg]: atan((L* - 50)/b*), high for light skin. Source: Chardon, Cretois & Hourseau 1991, Int.
/// J. Cosmet. Sci. 13.
struct TypologyAngle {
  DF_FUNCTION double operator()(const Lab& skin) const { return std::atan2(skin.l - 50.0, skin.b) / units::degree; }
};

/// Hue of opponent colours a and b, from 0 (red) over 90 (yellow) and 270 (blue) to 360; 0 for grey [deg]. Source: CIE 15:2018.
struct HueAngle {
  DF_FUNCTION double operator()(double a, double b) const {
    if (a == 0.0 && b == 0.0) return 0.0;
    const double angle = std::atan2(b, a) / units::degree;
    return angle < 0.0 ? angle + 360.0 : angle;
  }
};

/// Colour difference CIEDE2000 with unit weights. Source: Sharma, Wu & Dalal 2005, Color Res. Appl. 30.
struct DeltaE2000 {
  DF_FUNCTION double operator()(const Lab& first, const Lab& second) const {
    const double mean_chroma = 0.5 * (std::hypot(first.a, first.b) + std::hypot(second.a, second.b));
    const double gain = 1.5 - 0.5 * std::sqrt(saturating(mean_chroma));
    const double a1 = first.a * gain, a2 = second.a * gain;
    const double c1 = std::hypot(a1, first.b), c2 = std::hypot(a2, second.b), h1 = HueAngle{}(a1, first.b),
                 h2 = HueAngle{}(a2, second.b);
    const bool grey = c1 * c2 == 0.0;
    double dh = grey ? 0.0 : h2 - h1;
    if (dh > 180.0) dh -= 360.0;
    if (dh < -180.0) dh += 360.0;
    double h = h1 + h2;
    if (!grey) h = std::fabs(h1 - h2) <= 180.0 ? 0.5 * h : 0.5 * (h < 360.0 ? h + 360.0 : h - 360.0);
    const double dl = second.l - first.l, dc = c2 - c1, l = 0.5 * (first.l + second.l), c = 0.5 * (c1 + c2);
    const double dhue = 2.0 * std::sqrt(c1 * c2) * std::sin(0.5 * dh * units::degree);
    const double t =
        1.0 - 0.17 * cosine(h - 30.0) + 0.24 * cosine(2.0 * h) + 0.32 * cosine(3.0 * h + 6.0) - 0.20 * cosine(4.0 * h - 63.0);
    const double turn = (h - 275.0) / 25.0, rotation = 30.0 * std::exp(-turn * turn);
    const double off = (l - 50.0) * (l - 50.0);
    const double sl = 1.0 + 0.015 * off / std::sqrt(20.0 + off), sc = 1.0 + 0.045 * c, sh = 1.0 + 0.015 * c * t;
    const double rt = -std::sin(2.0 * rotation * units::degree) * 2.0 * std::sqrt(saturating(c));
    const double x = dl / sl, y = dc / sc, z = dhue / sh;
    return std::sqrt(x * x + y * y + z * z + rt * y * z);
  }

 private:
  DF_FUNCTION static double saturating(double chroma) {
    const double c7 = std::pow(chroma, 7.0);
    return c7 / (c7 + 6103515625.0);  // 25^7
  }
  DF_FUNCTION static double cosine(double angle) { return std::cos(angle * units::degree); }
};

}  // namespace dermaflux

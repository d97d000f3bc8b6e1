#include <cmath>

#include "core/io/output_group.hpp"
#include "core/physics/colour.hpp"
#include "core/solver/optics_setup.hpp"
#include "core/units.hpp"

namespace dermaflux {
namespace {

using namespace units;

Lab colour(const MemberResult& r, int which, bool dot) {
  const ColourOutcome& c = r.outcome.colour[which];
  return lab_of_reflectance(dot ? c.dot : c.skin);
}

double delta_e(const MemberResult& r, int which) { return DeltaE2000{}(colour(r, which, false), colour(r, which, true)); }

double hue(const Lab& colour) { return HueAngle{}(colour.a, colour.b); }

/// Probability that a dot touches its neighbour: both are off their lattice place by a normal error, so their distance along
/// the lattice is normal with variance 2 jitter^2; they merge below one visible width.
double merge_probability(const MemberResult& r) {
  const double width = at(r, 14.0 * day, [](const MomentOutcome& m) { return m.fwhm; });
  const double gap = r.treatment.pattern.dot_spacing - width, spread = 2.0 * r.treatment.pattern.position_jitter;
  if (spread <= 0.0) return gap > 0.0 ? 0.0 : 1.0;
  return 0.5 * std::erfc(gap / spread);
}

/// Share of the area covered by dots of their visible width on a square lattice.
double coverage(const MemberResult& r) {
  const double width = at(r, 14.0 * day, [](const MomentOutcome& m) { return m.fwhm; });
  const double spacing = r.treatment.pattern.dot_spacing;
  return std::fmin(pi / 4.0 * width * width / (spacing * spacing), 1.0);
}

}  // namespace

std::vector<OutputField> appearance_outputs() {
  constexpr double day14 = 14.0 * day;
  const auto contrast = [](double time) {
    return [time](const MemberResult& r) { return at(r, time, [](const MomentOutcome& m) { return m.contrast; }); };
  };
  const auto width = [](double time) {
    return [time](const MemberResult& r) { return at(r, time, [](const MomentOutcome& m) { return m.fwhm / mm; }); };
  };
  return {
      {"contrast_day0", "", "contrast of the dot against skin at 550 nm right after treatment", contrast(0.0)},
      {"contrast_day1", "", "the same at day 1", contrast(day)},
      {"contrast_day7", "", "the same at day 7", contrast(7.0 * day)},
      {"contrast_day14", "", "the same at day 14", contrast(day14)},
      {"contrast_day90", "", "the same at day 90, when the epidermis is clear", contrast(90.0 * day)},
      {"contrast_1y", "", "the same after a year", contrast(year)},
      {"contrast_3y", "", "the same after three years", contrast(3.0 * year)},
      {"contrast_5y", "", "the same after five years", contrast(5.0 * year)},
      {"contrast_7y", "", "the same after seven years", contrast(7.0 * year)},
      {"contrast_10y", "", "the same after ten years", contrast(10.0 * year)},
      {"fwhm_mm_day14", "mm", "visible width of the dot at day 14", width(day14)},
      {"fwhm_mm_1y", "mm", "the same after a year", width(year)},
      {"fwhm_mm_5y", "mm", "the same after five years", width(5.0 * year)},
      {"erythema_day3", "", "redness left at day 3 over that right after treatment",
       [](const MemberResult& r) { return at(r, 3.0 * day, [](const MomentOutcome& m) { return m.erythema; }); }},
      {"oedema_day3", "", "swelling left at day 3 over that right after treatment",
       [](const MemberResult& r) { return at(r, 3.0 * day, [](const MomentOutcome& m) { return m.oedema; }); }},
      {"haematoma_probability", "", "probability that the dot bruises",
       [](const MemberResult& r) { return at(r, 0.0, [](const MomentOutcome& m) { return m.haematoma; }); }},
      {"haematoma_day7", "", "expected share of a bruise that is left at day 7",
       [](const MemberResult& r) { return at(r, 7.0 * day, [](const MomentOutcome& m) { return m.haematoma; }); }},
      {"delta_e_day14", "", "colour difference CIEDE2000 of dot and skin at day 14",
       [](const MemberResult& r) { return delta_e(r, 0); }},
      {"delta_e_1y", "", "the same after a year",
       [](const MemberResult& r) { return at(r, year, [&](const MomentOutcome&) { return delta_e(r, 1); }); }},
      {"skin_l", "", "CIE L* of the skin (day 14)", [](const MemberResult& r) { return colour(r, 0, false).l; }},
      {"skin_a", "", "CIE a* of the skin", [](const MemberResult& r) { return colour(r, 0, false).a; }},
      {"skin_b", "", "CIE b* of the skin", [](const MemberResult& r) { return colour(r, 0, false).b; }},
      {"skin_ita_deg", "deg", "individual typology angle of the skin",
       [](const MemberResult& r) { return TypologyAngle{}(colour(r, 0, false)); }},
      {"dot_l_day14", "", "CIE L* of the dot at day 14", [](const MemberResult& r) { return colour(r, 0, true).l; }},
      {"dot_a_day14", "", "CIE a* of the dot", [](const MemberResult& r) { return colour(r, 0, true).a; }},
      {"dot_b_day14", "", "CIE b* of the dot", [](const MemberResult& r) { return colour(r, 0, true).b; }},
      {"dot_hue_deg_day14", "deg", "hue angle of the dot, 0 is red, 90 yellow, 270 blue",
       [](const MemberResult& r) { return hue(colour(r, 0, true)); }},
      {"blue_shift_day14", "", "CIE b* of the dot less that of the skin at day 14, negative where it looks bluer",
       [](const MemberResult& r) { return colour(r, 0, true).b - colour(r, 0, false).b; }},
      {"blue_shift_1y", "", "the same after a year",
       [](const MemberResult& r) {
         return at(r, year, [&](const MomentOutcome&) { return colour(r, 1, true).b - colour(r, 1, false).b; });
       }},
      {"coverage_day14", "", "share of the skin covered by dots of the visible width", coverage},
      {"merge_probability_day14", "", "probability that a dot touches its neighbour", merge_probability},
      {"dots_per_cm2", "1/cm2", "dots per area of a square lattice",
       [](const MemberResult& r) { return cm2 / (r.treatment.pattern.dot_spacing * r.treatment.pattern.dot_spacing); }},
      {"contrast_kept_1y", "", "contrast after a year over that of day 14",
       [](const MemberResult& r) {
         const double early = at(r, 14.0 * day, [](const MomentOutcome& m) { return m.contrast; });
         return at(r, year, [](const MomentOutcome& m) { return m.contrast; }) / early;
       }},
  };
}

}  // namespace dermaflux

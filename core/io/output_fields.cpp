#include <cmath>

#include "core/error.hpp"
#include "core/io/keys.hpp"
#include "core/io/output_group.hpp"
#include "core/simulation/validity.hpp"
#include "core/treatment/bleeding.hpp"
#include "core/treatment/contraindications.hpp"
#include "core/treatment/control_numbers.hpp"
#include "core/units.hpp"

namespace dermaflux {
namespace {

using namespace units;

double total(const MomentOutcome& m) { return m.pools[0] + m.pools[1] + m.pools[2] + m.pools[3] + m.pools[4]; }

/// Pigment that the sessions up to a time have left in the skin [kg].
double deposited_by(const MemberResult& r, double time) {
  double sum = 0.0;
  for (int s = 0; s < r.outcome.session_count; ++s)
    if (r.outcome.sessions[s].time < time + 1.0) sum += r.outcome.sessions[s].deposited;
  return sum;
}

double retained(const MemberResult& r, double time) {
  const MomentOutcome* m = moment_at(r, time);
  const double given = deposited_by(r, time);
  return m && given > 0.0 ? total(*m) / given : missing;
}

/// Output of a control number.
template <double ControlNumbers::*number>
double control(const MemberResult& r) {
  return control_numbers(r.treatment, r.puncture).*number;
}

/// Numbers that say beforehand which effect rules the puncture.
std::vector<OutputField> control_outputs() {
  return {
      {"washburn_number", "", "contact and recoil time over the time in which capillarity fills the track; starved well below 1",
       control<&ControlNumbers::washburn>},
      {"capillary_number", "", "viscous over capillary force on the film that the needle drags",
       control<&ControlNumbers::capillary>},
      {"reynolds_number", "", "inertial over viscous force of the ink in the track", control<&ControlNumbers::reynolds>},
      {"bond_number", "", "weight over capillary force of the ink column in the track", control<&ControlNumbers::bond>},
      {"poroelastic_time_s", "s", "time in which pore pressure spreads over the depth of the tip in undamaged dermis",
       control<&ControlNumbers::poroelastic_time>},
      {"backflow_length_mm", "mm",
       "way back along the needle that the ink displaced by one stroke takes (Morrison 1999); it escapes "
       "where this is more than the depth",
       [](const MemberResult& r) { return control<&ControlNumbers::backflow_length>(r) / mm; }},
  };
}

std::vector<OutputField> insertion_outputs() {
  return {
      {"d_set_mm", "mm", "set depth (first session)",
       [](const MemberResult& r) { return session_treatment(r.treatment, 0).machine.depth / mm; }},
      {"d_tip_mm", "mm", "deepest point of the tip below the undeformed surface",
       [](const MemberResult& r) { return r.puncture.tip_depth / mm; }},
      {"dimple_mm", "mm", "depth of the dimple under the needle", [](const MemberResult& r) { return r.puncture.dimple / mm; }},
      {"bulge_mm", "mm", "rise of the skin into the nozzle under the hand",
       [](const MemberResult& r) { return r.puncture.bulge / mm; }},
      {"frequency_loaded_hz", "Hz", "strokes per second of the loaded motor",
       [](const MemberResult& r) { return r.puncture.frequency; }},
      {"contact_time_ms", "ms", "time of the complete strokes, all sessions",
       [](const MemberResult& r) { return r.outcome.contact_time / ms; }},
      {"session_count", "", "sessions", [](const MemberResult& r) { return static_cast<double>(r.outcome.session_count); }},
      {"last_session_deposited_ng", "ng", "pigment that the last session left in the skin when its track had closed",
       [](const MemberResult& r) { return r.outcome.sessions[r.outcome.session_count - 1].deposited / ng; }},
      {"strokes", "", "complete strokes in the dwell time, all sessions",
       [](const MemberResult& r) { return static_cast<double>(r.outcome.strokes); }},
      {"insertion_force_n", "N", "largest needle force, all prongs", [](const MemberResult& r) { return r.puncture.peak_force; }},
      {"force_cutting_n", "N", "share of it that cuts the skin", [](const MemberResult& r) { return r.puncture.peak.cutting; }},
      {"force_wedging_n", "N", "share of it that wedges the cut open",
       [](const MemberResult& r) { return r.puncture.peak.wedging; }},
      {"force_friction_n", "N", "share of it that rubs along the wall",
       [](const MemberResult& r) { return r.puncture.peak.friction; }},
      {"break_force_n", "N", "needle force at which the skin breaks, all prongs",
       [](const MemberResult& r) { return r.puncture.break_force; }},
      {"break_dimple_mm", "mm", "depth of the dimple at which the skin breaks",
       [](const MemberResult& r) { return r.puncture.break_dimple / mm; }},
      {"mean_force_n", "N", "needle force averaged over a stroke", [](const MemberResult& r) { return r.puncture.mean_force; }},
      {"ink_viscosity_mpa_s", "mPa.s", "viscosity of the ink at high shear",
       [](const MemberResult& r) { return r.treatment.ink.viscosity(r.treatment.ink.volume_fraction(), 1e9) / mPa_s; }},
      {"ink_drawn_nl", "nL", "ink that entered the track", [](const MemberResult& r) { return r.outcome.drawn_volume / nl; }},
      {"ink_flowed_back_nl", "nL", "liquid that returned to the drop during contact",
       [](const MemberResult& r) { return r.outcome.back_volume / nl; }},
      {"ink_exuded_nl", "nL", "liquid that the closing track pressed out",
       [](const MemberResult& r) { return r.outcome.exuded_volume / nl; }},
      {"ink_retained_nl", "nL", "liquid left in track and tissue",
       [](const MemberResult& r) { return r.outcome.retained_volume / nl; }},
      {"track_pressure_peak_kpa", "kPa", "largest pressure of the liquid in the track",
       [](const MemberResult& r) { return r.outcome.peak_pressure / kPa; }},
      {"pigment_drawn_ng", "ng", "pigment that entered the track",
       [](const MemberResult& r) { return r.outcome.drawn_pigment / ng; }},
      {"pigment_deposited_ng", "ng", "pigment in the skin when the track has closed, all sessions",
       [](const MemberResult& r) { return r.outcome.deposited / ng; }},
      {"share_epidermis", "", "share of it above the dermal-epidermal junction",
       [](const MemberResult& r) { return r.outcome.epidermal_share; }},
      {"share_below_1mm", "", "share of it deeper than 1 mm",
       [](const MemberResult& r) { return at(r, 0.0, [](const MomentOutcome& m) { return m.below_limit; }); }},
      {"share_below_dermis", "", "share of it below the interface of dermis and fat",
       [](const MemberResult& r) { return r.outcome.below_dermis; }},
      {"blowout", "", "mean distance from the axis of the pigment in the fat over that of the pigment above it",
       [](const MemberResult& r) {
         return r.outcome.below_dermis > 0.0 ? r.outcome.radius_in_fat / r.outcome.radius_in_skin : missing;
       }},
      {"fractured_volume_nl", "nL", "volume of tissue cracked by pore pressure",
       [](const MemberResult& r) { return r.outcome.fractured_volume / nl; }},
      {"bleed_probability", "", "probability that a puncture bleeds",
       [](const MemberResult& r) { return bleed_probability(r.treatment, r.puncture.tip_depth); }},
      {"follicle_hit_probability", "", "probability that the dot meets a follicle",
       [](const MemberResult& r) {
         const SkinAppearance& look = r.treatment.skin_at_axis().appearance;
         const double reach = 0.5 * look.follicle_diameter + at(r, 0.0, [](const MomentOutcome& m) { return m.radius_mean; });
         return -std::expm1(-look.follicle_density * pi * reach * reach);
       }},
  };
}

std::vector<OutputField> fate_outputs() {
  constexpr double day7 = 7.0 * day, day42 = 42.0 * day;
  return {
      {"pigment_depth_mm", "mm", "mean depth of the pigment after healing (day 42)",
       [](const MemberResult& r) { return at(r, day42, [](const MomentOutcome& m) { return m.depth_mean / mm; }); }},
      {"pigment_depth_p10_mm", "mm", "depth above which a tenth of it lies",
       [](const MemberResult& r) { return at(r, day42, [](const MomentOutcome& m) { return m.depth_p10 / mm; }); }},
      {"pigment_depth_p90_mm", "mm", "depth above which nine tenths of it lie",
       [](const MemberResult& r) { return at(r, day42, [](const MomentOutcome& m) { return m.depth_p90 / mm; }); }},
      {"pigment_depth_day0_mm", "mm", "mean depth of the pigment when the track has closed",
       [](const MemberResult& r) { return at(r, 0.0, [](const MomentOutcome& m) { return m.depth_mean / mm; }); }},
      {"pigment_radius_mm", "mm", "mean distance of the pigment from the axis (day 42)",
       [](const MemberResult& r) { return at(r, day42, [](const MomentOutcome& m) { return m.radius_mean / mm; }); }},
      {"retained_fraction_day7", "", "pigment still in the skin over pigment deposited until then",
       [](const MemberResult& r) { return retained(r, day7); }},
      {"retained_fraction_day42", "", "the same after healing", [](const MemberResult& r) { return retained(r, day42); }},
      {"retained_fraction_1y", "", "the same after a year", [](const MemberResult& r) { return retained(r, year); }},
      {"retained_fraction_3y", "", "the same after three years", [](const MemberResult& r) { return retained(r, 3.0 * year); }},
      {"retained_fraction_5y", "", "the same after five years", [](const MemberResult& r) { return retained(r, 5.0 * year); }},
      {"shed_fraction_day42", "", "pigment shed with the epidermis by day 42 over pigment deposited",
       [](const MemberResult& r) {
         return at(r, day42, [&](const MomentOutcome& m) { return m.losses[HealingAccount::shed] / deposited_by(r, day42); });
       }},
      {"lymph_fraction_1y", "", "pigment drained to the lymph nodes by one year over pigment deposited",
       [](const MemberResult& r) {
         return at(r, year, [&](const MomentOutcome& m) { return m.losses[HealingAccount::lymph] / deposited_by(r, year); });
       }},
  };
}

/// What a run says of itself.
std::vector<OutputField> run_outputs() {
  return {
      {"preset_allowed", "", "1 if nothing forbids treating this client, else 0",
       [](const MemberResult& r) { return contraindications(r.treatment).empty() ? 1.0 : 0.0; }},
      {"warning_count", "", "number of the model's limits that the setting passes",
       [](const MemberResult& r) { return static_cast<double>(validity_warnings(r.treatment, r.puncture).size()); }},
      {"warning_mask", "", "which they are: the sum of 2^k over the limits k passed, in the order of `dermaflux info`",
       [](const MemberResult& r) { return static_cast<double>(validity_mask(r.treatment, r.puncture)); }},
      {"ledger_imbalance", "", "largest difference between pigment drawn and pigment booked, over pigment drawn",
       [](const MemberResult& r) { return r.outcome.imbalance; }},
      {"grid_error", "", "estimated relative error of dose and depth by the grid (--grid auto), else NaN",
       [](const MemberResult& r) { return r.grid_error; }},
      {"runtime_s", "s", "wall time of the member, or its share of an ensemble's", [](const MemberResult& r) { return r.runtime; }},
      {"fell_back", "", "1 if the GPU that was chosen had no room for the member or failed, so that it ran on the host, else 0",
       [](const MemberResult& r) { return r.fell_back ? 1.0 : 0.0; }},
  };
}

}  // namespace

const std::vector<OutputField>& output_fields() {
  static const std::vector<OutputField> all = [] {
    std::vector<OutputField> result = insertion_outputs();
    for (const auto& part : {control_outputs(), fate_outputs(), appearance_outputs(), run_outputs()})
      result.insert(result.end(), part.begin(), part.end());
    return result;
  }();
  return all;
}

const OutputField& output_field(const std::string& name) {
  std::vector<std::string> names;
  for (const OutputField& field : output_fields()) {
    if (field.name == name) return field;
    names.push_back(field.name);
  }
  const std::string near = nearest(name, names);
  throw InputError(name + " is no output; " +
                   (near.empty() ? "`dermaflux info --outputs` lists them" : "did you mean " + near + "?"));
}

}  // namespace dermaflux

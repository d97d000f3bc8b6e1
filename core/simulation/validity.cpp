#include "core/simulation/validity.hpp"

#include <cmath>
#include <sstream>

#include "core/error.hpp"
#include "core/solver/insertion_setup.hpp"
#include "core/treatment/control_numbers.hpp"

namespace dermaflux {
namespace {

using namespace units;

/// One limit of the model: what it bounds, from where on a result is doubtful, and from where on it is refused.
struct Limit {
  const char* name;
  const char* quantity;  ///< in words
  const char* unit;
  double scale;  ///< SI value of one unit
  double (*value)(const Treatment&, const Puncture&);
  double (*soft)(const Treatment&, const Puncture&);  ///< a value above it warns
  double (*hard)(const Treatment&, const Puncture&);  ///< a value above it is refused
  const char* reason;
  const char* advice;
};

using T = Treatment;
using P = Puncture;

/// A limit that is the same for every treatment.
template <int thousandths>
double fixed(const T&, const P&) {
  return thousandths / 1000.0;
}
double never(const T&, const P&) { return HUGE_VAL; }

/// Depth below which the skin ends and a stiff layer begins: dermis and the first deep layer under it (fat) [m].
double bottom_of_fat(const T& t) {
  double depth = 0.0;
  bool dermis = false;
  const Skin& skin = t.skin_at_axis();
  for (std::size_t k = 0; k < static_cast<std::size_t>(skin.layer_count); ++k) {
    depth += skin.layers[k].thickness * skin.thickness_factor;
    if (dermis && skin.layers[k].kind == LayerKind::deep) return depth;
    dermis = dermis || skin.layers[k].kind == LayerKind::dermis;
  }
  return depth;
}

/// Value of a control number, 0 where there is no track.
template <double ControlNumbers::*number>
double control(const T& t, const P& p) {
  return p.tip_depth > 0.0 ? control_numbers(t, p).*number : 0.0;
}

/// Shortest time between two sessions [s]; without end if there is only one.
double shortest_pause(const T& t) {
  double pause = HUGE_VAL;
  for (int s = 1; s < t.sessions.count(); ++s) pause = std::fmin(pause, t.sessions.time(s) - t.sessions.time(s - 1));
  return pause;
}

const std::vector<Limit>& limits() {
  static const std::vector<Limit> all = {
      {"skin_unbroken", "dimple at which the skin breaks", "mm", mm,
       [](const T&, const P& p) { return p.tip_depth > 0.0 ? 0.0 : p.break_dimple; },
       [](const T& t, const P& p) { return p.tip_depth > 0.0 ? HUGE_VAL : t.machine.depth + p.bulge; }, never,
       "the needle only dimples the skin, no pigment enters", "set more depth or use a sharper needle"},
      {"tip_in_fat", "tip depth", "mm", mm, [](const T&, const P& p) { return p.tip_depth; },
       [](const T& t, const P&) { return t.skin_at_axis().bottom_of(LayerKind::dermis); }, never,
       "the tip passes the dermis; ink spreads in the lobules of fat, which the model takes as one porous layer", "set less depth"},
      {"tip_below_fat", "tip depth", "mm", mm, [](const T&, const P& p) { return p.tip_depth; },
       [](const T& t, const P&) { return bottom_of_fat(t); }, never,
       "the tip passes dermis and fat and meets galea or bone, whose resistance is not in the force", "set less depth"},
      {"tip_beyond_grid", "tip depth", "mm", mm, [](const T&, const P& p) { return p.tip_depth; },
       [](const T& t, const P&) { return grid_extent(t).fine_depth; }, [](const T& t, const P&) { return grid_extent(t).depth; },
       "the bulging skin meets the tip below the fine part of the grid", "press less, or use a smaller nozzle"},
      {"prongs_beyond_grid", "distance of the outermost prong from the dot's axis", "mm", mm,
       [](const T& t, const P&) { return t.needle.reach(); }, [](const T& t, const P&) { return 0.5 * grid_extent(t).radius; },
       [](const T& t, const P&) { return grid_extent(t).radius; },
       "pigment that spreads past the outermost ring is kept in it, and a dot this wide is no dot",
       "use a smaller pitch or fewer prongs"},
      {"many_strokes", "strokes per dot", "", 1.0,
       [](const T& t, const P& p) { return static_cast<double>(complete_strokes(p.frequency, t.machine.dwell)); }, fixed<500'000>,
       fixed<20'000'000>, "the skin is shredded long before; the model has no growing wound", "use a shorter dwell time"},
      {"fast_strain", "strain rate of the puncture", "1/s", 1.0,
       [](const T& t, const P& p) { return p.speed / t.model.strain_length; }, fixed<4'000'000>, never,
       "stiffening with rate was measured up to 4000 1/s (Shergold, Fleck & Radford 2006) and is extrapolated",
       "take the force as an estimate, or use a lower frequency"},
      {"crowded_ink", "effective volume fraction of pigment over packing", "", 1.0,
       [](const T& t, const P&) {
         const KriegerDougherty& law = t.ink.viscosity.crowding;
         return t.ink.volume_fraction() * law.structure_factor / law.max_packing;
       },
       fixed<800>, fixed<950>,
       "near packing the viscosity of Krieger & Dougherty diverges: one percent of pigment changes it by six", "dilute the ink"},
      {"viscous_film", "capillary number of the film", "", 1.0, control<&ControlNumbers::capillary>, fixed<1000>, never,
       "the film on the shaft is set by needle.film_cap alone, far outside the thin-film law (Quere 1999)",
       "use a thinner ink or a lower frequency, or measure film_cap"},
      {"inertial_flow", "Reynolds number of the ink", "", 1.0, control<&ControlNumbers::reynolds>, fixed<50'000>, fixed<2'100'000>,
       "the flow along the track is taken as viscous; inertia shares the pressure drop from about 50 on and turbulence sets in at "
       "2100",
       "use a thicker ink or a lower frequency"},
      {"heavy_column", "Bond number of the ink column", "", 1.0, control<&ControlNumbers::bond>, fixed<1000>, never,
       "gravity is left out of the track, but is as strong as capillarity here", "expect the head to decide on the filling"},
      {"early_session", "time by which a session comes earlier than five days after the last", "day", day,
       [](const T& t, const P&) { return std::fmax(5.0 * day - shortest_pause(t), 0.0); }, fixed<0>, never,
       "pores are still open and swelling changes the depth", "wait 5 to 7 days"},
      {"red_session", "erythema that a session finds, over that right after one", "", 1.0,
       [](const T& t, const P&) { return std::exp(-shortest_pause(t) / t.skin_at_axis().appearance.erythema_decay); }, fixed<200>,
       never, "the skin is still inflamed", "wait until the redness is gone"},
  };
  return all;
}

std::string said(double value, const Limit& limit) {
  std::ostringstream text;
  text.precision(4);
  text << value / limit.scale;
  if (*limit.unit) text << " " << limit.unit;
  return text.str();
}

std::string sentence(const Limit& limit, double value, double bound) {
  return std::string(limit.quantity) + " " + said(value, limit) + " is above " + said(bound, limit) + " (" + limit.reason + "); " +
         limit.advice;
}

/// What one session does: the treatment with its depth and contact time, and its puncture.
struct Setting {
  Treatment treatment;
  Puncture puncture;
};

/// The first session, whose puncture is known, and those that differ from it.
std::vector<Setting> settings_of(const Treatment& treatment, const Puncture& puncture) {
  std::vector<Setting> all{{session_treatment(treatment, 0), puncture}};
  const Machine first = all.front().treatment.machine;  // a copy: `all` moves as it grows
  for (int s = 1; s < treatment.sessions.count(); ++s) {
    const Treatment one = session_treatment(treatment, s);
    const bool same = one.machine.depth == first.depth && one.machine.dwell == first.dwell;
    all.push_back({one, same ? puncture : solve_puncture(one)});
  }
  return all;
}

/// One limit that a treatment passes: its position among `limits`, and what to say of it.
struct Passed {
  std::size_t position;
  std::string text;
};

/// All limits whose soft or hard bound some session passes; of several the first.
std::vector<Passed> passed_limits(const std::vector<Setting>& settings, double (*Limit::*bound)(const T&, const P&)) {
  std::vector<Passed> passed;
  for (std::size_t k = 0; k < limits().size(); ++k)
    for (std::size_t s = 0; s < settings.size(); ++s) {
      const Limit& limit = limits()[k];
      const auto& [treatment, puncture] = settings[s];
      const double value = limit.value(treatment, puncture), largest = (limit.*bound)(treatment, puncture);
      if (!(value > largest)) continue;
      passed.push_back({k, (s > 0 ? "session " + std::to_string(s + 1) + ": " : "") + sentence(limit, value, largest)});
      break;
    }
  return passed;
}

}  // namespace

std::vector<std::string> validity_names() {
  std::vector<std::string> names;
  for (const Limit& limit : limits()) names.emplace_back(limit.name);
  return names;
}

std::vector<ValidityWarning> validity_warnings(const Treatment& treatment, const Puncture& puncture) {
  std::vector<ValidityWarning> warnings;
  for (const Passed& one : passed_limits(settings_of(treatment, puncture), &Limit::soft))
    warnings.push_back({limits()[one.position].name, one.text});
  return warnings;
}

int validity_mask(const Treatment& treatment, const Puncture& puncture) {
  int mask = 0;
  for (const Passed& one : passed_limits(settings_of(treatment, puncture), &Limit::soft)) mask |= 1 << one.position;
  return mask;
}

void require_valid(const Treatment& treatment, const Puncture& puncture) {
  const std::vector<Passed> passed = passed_limits({{treatment, puncture}}, &Limit::hard);
  if (!passed.empty()) throw InputError(std::string(limits()[passed.front().position].name) + ": " + passed.front().text);
}

}  // namespace dermaflux

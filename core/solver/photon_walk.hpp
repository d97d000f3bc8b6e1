#pragma once
#include "core/physics/surface_laws.hpp"
#include "core/solver/photon_problem.hpp"

namespace dermaflux {

/// What became of one photon.
struct PhotonFate {
  double booked[PhotonAccount::count] = {};  ///< weight per account [-]
};

/// Sees nothing of the way.
struct NoWay {
  static constexpr bool sees = false, settles = false;
};

/// One photon from the surface until it leaves or dies. Scattering is drawn from the optical depth of scattering alone; absorption
/// thins the photon out all along its way, e^(-mu_a l) (continuous absorption, exact in expectation and quiet in strong absorbers),
/// so that a path does not depend on absorption. At a surface one draw decides between reflection and leaving. Every flight has
/// four uniform numbers: its length, two angles, and one for surfaces and roulette, which is stretched again after each use.
template <class Geometry, class Way>
class PhotonWalk {
 public:
  DF_FUNCTION PhotonWalk(const PhotonProblem<Geometry>& problem, std::uint64_t photon, const Way& way)
      : p_(problem), photon_(photon), way_(way) {}

  DF_FUNCTION PhotonFate operator()(int bin) {
    launch(bin);
    for (std::uint32_t flight = 1; weight_ > 0.0; ++flight) {
      if (flight > p_.settings.most_flights) {
        book(PhotonAccount::cut);
        break;
      }
      const Words numbers = p_.draw(photon_, flight);
      spare_ = Philox::uniform(numbers.d);
      if (!fly(-lane_log(Philox::uniform(numbers.a)))) break;
      if (weight_ < p_.settings.roulette.threshold) play();
      ray_.to = TurnedDirection{}(ray_.to, HenyeyGreenstein{p_.settings.anisotropy}(Philox::uniform(numbers.b)),
                                  lane_turn(Philox::uniform(numbers.c)));
    }
    return fate_;
  }

 private:
  /// Enters the medium through the surface.
  DF_FUNCTION void launch(int bin) {
    const Words numbers = p_.draw(photon_, 0);
    const PhotonBeam& beam = p_.settings.beam;
    const SurfacePoint entry = beam.entry(bin, Philox::uniform(numbers.a), Philox::uniform(numbers.b));
    const Angle azimuth = lane_turn(Philox::uniform(numbers.d));
    const PlatedSurface surface{p_.settings.index_above, p_.settings.index_plate, p_.settings.index};
    const double outside = beam.diffuse ? std::sqrt(Philox::uniform(numbers.c)) : 1.0;
    const double cosine = beam.diffuse ? surface.refracted(outside) : 1.0, sine = std::sqrt(larger(1.0 - cosine * cosine, 0.0));
    ray_ = {entry.x, entry.y, 0.0, {sine * azimuth.cosine, sine * azimuth.sine, cosine}};
    place_ = p_.geometry.find(ray_);
    fate_.booked[PhotonAccount::specular] = surface(outside);
    weight_ = 1.0 - fate_.booked[PhotonAccount::specular];
  }

  /// Flies to the next scattering, `left` optical depths of scattering away; false if the photon has left.
  DF_FUNCTION bool fly(double left) {
    typename Geometry::Aim aim = p_.geometry.aim(ray_);
    double depth = 0.0;  // of absorption, not yet taken from the weight
    for (std::uint32_t faces = 0; faces <= p_.settings.most_flights; ++faces) {
      const int cell = p_.geometry.cell(place_);
      const OpticalCell medium = p_.cells(cell);
      const Crossing crossing = p_.geometry.next(place_, ray_, aim);
      if (medium.scattering > 0.0 && left <= medium.scattering * crossing.distance) {
        go(cell, medium, left / medium.scattering, depth);
        absorb(depth);
        return true;
      }
      if (!(crossing.distance < HUGE_VAL)) {  // straight into the depth of a medium that does not scatter
        book(medium.absorption > 0.0 ? PhotonAccount::absorbed : PhotonAccount::transmitted);
        return false;
      }
      const double length = larger(crossing.distance, 0.0);
      left = larger(left - medium.scattering * length, 0.0);
      go(cell, medium, length, depth);
      p_.geometry.cross(place_, ray_, crossing.face);
      const bool above = p_.geometry.above(place_);
      if (!above && !p_.geometry.below(place_)) continue;
      const double cosine = std::fabs(ray_.to.z);
      const double reflected = above ? PlatedSurface{p_.settings.index, p_.settings.index_plate, p_.settings.index_above}(cosine)
                                     : FresnelSurface{p_.settings.index, p_.settings.index_below}(cosine);
      if (!(spare_ < reflected)) {
        absorb(depth);
        book(above ? PhotonAccount::reflected : PhotonAccount::transmitted);
        return false;
      }
      spare_ /= reflected;
      ray_.to.z = -ray_.to.z;
      p_.geometry.turn_back(place_, crossing.face);
      aim = p_.geometry.aim(ray_);
    }
    absorb(depth);
    book(PhotonAccount::cut);  // caught between two surfaces by total reflection
    return false;
  }

  DF_FUNCTION void go(int cell, const OpticalCell& medium, double length, double& depth) {
    ray_.advance(length);
    depth += medium.absorption * length;
    if constexpr (Way::settles) {
      const double before = weight_;
      absorb(depth);
      depth = 0.0;
      way_(cell, before - weight_);
    } else if constexpr (Way::sees) {
      way_(cell, length);
    }
  }
  DF_FUNCTION void absorb(double depth) {
    const double after = weight_ * lane_exp(-depth);
    fate_.booked[PhotonAccount::absorbed] += weight_ - after;
    weight_ = after;
  }
  DF_FUNCTION void play() {
    const double after = p_.settings.roulette(weight_, spare_);
    fate_.booked[PhotonAccount::roulette] += weight_ - after;
    weight_ = after;
  }
  DF_FUNCTION void book(int account) {
    fate_.booked[account] += weight_;
    weight_ = 0.0;
  }

  const PhotonProblem<Geometry>& p_;
  std::uint64_t photon_;
  const Way& way_;
  Ray ray_{};
  typename Geometry::Place place_{};
  PhotonFate fate_;
  double weight_ = 0.0, spare_ = 0.0;
};

/// Writes the weight absorbed in each cell.
template <class Sums>
struct AbsorptionWay {
  static constexpr bool sees = true, settles = true;
  Sums& sums;
  PhotonLayout layout;
  DF_FUNCTION void operator()(int cell, double absorbed) const {
    sums.add(layout.map(cell), PhotonUnits::count(absorbed, PhotonUnits::weight));
  }
};

/// Writes the path in each cell, weighted by the weight with which the photon leaves in the end. Because a path does not depend on
/// absorption, the derivative of the leaving weight by mu_a of a cell is minus the path in it times that weight.
template <class Sums>
struct SensitivityWay {
  static constexpr bool sees = true, settles = false;
  Sums& sums;
  PhotonLayout layout;
  double leaving;  ///< weight [-]
  DF_FUNCTION void operator()(int cell, double length) const {
    sums.add(layout.map(cell), PhotonUnits::count(length * leaving, PhotonUnits::path));
  }
};

/// One photon of a run, booked in sums of integers. The same source on every backend; `Sums` says how to add.
template <class Geometry, class Sums>
struct PhotonStep {
  const PhotonProblem<Geometry>& problem;
  Sums& sums;

  DF_FUNCTION void operator()(std::uint64_t photon) const {
    const PhotonLayout layout = problem.layout();
    const std::uint64_t bins = static_cast<std::uint64_t>(layout.bins);
    const int bin = static_cast<int>(photon % bins), batch = static_cast<int>(photon / bins % photon_batches);
    const PhotonFate fate = problem.settings.map == PhotonMap::absorption ? follow(photon, bin, AbsorptionWay<Sums>{sums, layout})
                                                                          : follow(photon, bin, NoWay{});
    const double leaving = fate.booked[PhotonAccount::reflected];
    if (problem.settings.map == PhotonMap::sensitivity && leaving > 0.0)
      follow(photon, bin, SensitivityWay<Sums>{sums, layout, leaving});
    for (int n = 0; n < PhotonAccount::count; ++n) sums.account(n, PhotonUnits::count(fate.booked[n], PhotonUnits::weight));
    if (leaving > 0.0) sums.add(layout.reflected(bin, batch), PhotonUnits::count(leaving, PhotonUnits::weight));
  }
  template <class Way>
  DF_FUNCTION PhotonFate follow(std::uint64_t photon, int bin, const Way& way) const {
    return PhotonWalk<Geometry, Way>{problem, photon, way}(bin);
  }
};

/// Sums in memory that one thread has for itself.
struct PrivateSums {
  long long* data;
  DF_FUNCTION void add(int slot, long long amount) { data[slot] += amount; }
  DF_FUNCTION void account(int n, long long amount) { data[n] += amount; }
};

}  // namespace dermaflux

#include "core/treatment/contraindications.hpp"

#include <sstream>

namespace dermaflux {

std::vector<std::string> contraindications(const Treatment& treatment) {
  std::vector<std::string> reasons;
  const Host& host = treatment.host;
  if (host.keloid_history) reasons.push_back("keloid history: every puncture may grow a keloid (alarm A8)");
  if (host.active_inflammation) reasons.push_back("active inflammation: wait until the skin is calm (alarm A10)");
  if (host.months_since_surgery < treatment.model.months_to_heal) {
    std::ostringstream text;
    text << "immature scar: " << host.months_since_surgery << " months since surgery, wait until " << treatment.model.months_to_heal
         << " (alarm A9)";
    reasons.push_back(text.str());
  }
  return reasons;
}

}  // namespace dermaflux

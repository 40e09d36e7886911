#ifndef QUICETHER_APPS_QUICETHER_EXIT_CODE_HPP
#define QUICETHER_APPS_QUICETHER_EXIT_CODE_HPP

namespace cli {

/// How `quicether` ends; the numbers are those of sysexits(3). Documented in docs/cli.md.
enum class ExitCode : int {
  ok = 0,
  no_answer = 1,     ///< of ping and discover: nobody answered, nothing was found
  usage = 64,        ///< wrong words or flags
  declined = 65,     ///< what was asked for cannot be: an invite that is not good, an unknown name
  no_input = 66,     ///< a file that was named is not there
  unavailable = 69,  ///< the daemon is not running
  software = 70,     ///< a defect
  system = 71,       ///< the system refused something it should not have
  cannot_create = 73,  ///< it is there already
  io_failure = 74,
  try_again = 75,      ///< the daemon is busy or did not finish in time
  protocol = 76,       ///< the daemon speaks another language
  not_permitted = 77,  ///< this user may not
  config = 78,         ///< wrong configuration or key file
};

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_EXIT_CODE_HPP

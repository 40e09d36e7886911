#ifndef QUICETHER_APPS_QED_EXIT_CODE_HPP
#define QUICETHER_APPS_QED_EXIT_CODE_HPP

namespace qed {

// Exit codes, as sysexits.h names them; docs/operations.md lists them.
inline constexpr int kOk = 0;
inline constexpr int kUsage = 64;        ///< wrong flags
inline constexpr int kUnavailable = 69;  ///< a port, TUN name or state directory is in use
inline constexpr int kNoPermission = 77;
inline constexpr int kBadConfig = 78;  ///< configuration, policy or key file

}  // namespace qed

#endif  // QUICETHER_APPS_QED_EXIT_CODE_HPP

#ifndef QUICETHER_TESTS_SUPPORT_REPLACEABLE_NEW_HPP
#define QUICETHER_TESTS_SUPPORT_REPLACEABLE_NEW_HPP

// 1 where a test may replace operator new and delete. ThreadSanitizer brings its own and links no
// others beside them.
#if defined(__SANITIZE_THREAD__)
#define QE_TEST_REPLACEABLE_NEW 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QE_TEST_REPLACEABLE_NEW 0
#endif
#endif
#ifndef QE_TEST_REPLACEABLE_NEW
#define QE_TEST_REPLACEABLE_NEW 1
#endif

#endif  // QUICETHER_TESTS_SUPPORT_REPLACEABLE_NEW_HPP

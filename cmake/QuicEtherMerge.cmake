# quicether_merge(<target> [EXCLUDE_FROM_ALL] OBJECTS <object>… ARCHIVES <target>…)
#
# A static library that needs none of the archives and clashes with no other copy of them: the
# objects are linked with what they need of the archives into one object file, in which every symbol
# that came from an archive is local.
function(quicether_merge target)
  cmake_parse_arguments(PARSE_ARGV 1 merge "EXCLUDE_FROM_ALL" "" "OBJECTS;ARCHIVES")
  set(archives)
  quicether_archive_files(archives ${merge_ARCHIVES})
  set(output "${CMAKE_CURRENT_BINARY_DIR}/${target}-merged.o")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${PROJECT_SOURCE_DIR}/cmake/merge-objects.sh" "${CMAKE_LINKER}" "${CMAKE_NM}"
            "${CMAKE_OBJCOPY}" "${output}" ${merge_OBJECTS} -- ${archives}
    DEPENDS ${merge_OBJECTS} ${archives} "${PROJECT_SOURCE_DIR}/cmake/merge-objects.sh"
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties("${output}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  add_library(${target} STATIC "${output}")
  set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ${merge_EXCLUDE_FROM_ALL})
endfunction()

# The files of static libraries and of those they link in turn.
function(quicether_archive_files variable)
  set(files ${${variable}})
  foreach(item IN LISTS ARGN)
    if(TARGET ${item})
      get_target_property(item_type ${item} TYPE)
      get_target_property(item_links ${item} INTERFACE_LINK_LIBRARIES)
      if(item_type STREQUAL "STATIC_LIBRARY")
        list(APPEND files "$<TARGET_FILE:${item}>")
      elseif(item_type STREQUAL "SHARED_LIBRARY")
        message(FATAL_ERROR "${item} is a shared library: libquicether cannot be static with it")
      endif()
      if(item_links)
        quicether_archive_files(files ${item_links})
      endif()
    elseif(item MATCHES "\\.a$")
      list(APPEND files "${item}")
    elseif(item MATCHES "\\.so")
      message(FATAL_ERROR "${item} is a shared library: libquicether cannot be static with it")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES files)
  set(${variable} ${files} PARENT_SCOPE)
endfunction()

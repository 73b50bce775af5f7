# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` and the Debian packages put where: the program with its pages, the library, what builds with it.
include(GNUInstallDirs)
set(doc ${CMAKE_INSTALL_DATADIR}/doc)

set(pages ${CMAKE_BINARY_DIR}/pages)
add_custom_command(OUTPUT ${pages}/stamp
  COMMAND ${CMAKE_COMMAND} -DKEYWARD=$<TARGET_FILE:keyward> -DTO=${pages} -P ${CMAKE_SOURCE_DIR}/packaging/pages.cmake
  DEPENDS keyward ${CMAKE_SOURCE_DIR}/packaging/pages.cmake VERBATIM COMMENT "Writing the manual")
if(NOT KEYWARD_SANITIZE)
  add_custom_target(pages ALL DEPENDS ${pages}/stamp)
endif()
# Found from where the file lies, so that any --prefix is right.
file(RELATIVE_PATH up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(packaging/keyward.pc.in keyward.pc @ONLY)

install(TARGETS keyward RUNTIME COMPONENT program)
install(DIRECTORY ${pages}/man1 ${pages}/man5 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT program OPTIONAL)
install(FILES ${pages}/completion RENAME keyward DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        COMPONENT program OPTIONAL)
install(FILES packaging/keyward.service DESTINATION lib/systemd/system COMPONENT program)
install(DIRECTORY packaging/examples DESTINATION ${doc}/keyward COMPONENT program)
install(FILES LICENSE RENAME copyright DESTINATION ${doc}/keyward COMPONENT program)

install(TARGETS libkeyward LIBRARY COMPONENT library NAMELINK_COMPONENT development)
install(FILES LICENSE RENAME copyright DESTINATION ${doc}/libkeyward${KEYWARD_SOVERSION} COMPONENT library)
install(FILES ${CMAKE_BINARY_DIR}/libkeyward.a DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development OPTIONAL)
install(DIRECTORY include/keyward DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(FILES ${CMAKE_BINARY_DIR}/keyward.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
install(DIRECTORY examples/c/ DESTINATION ${doc}/libkeyward-dev/examples COMPONENT development)
install(FILES LICENSE RENAME copyright DESTINATION ${doc}/libkeyward-dev COMPONENT development)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The keyward authors <keyward@example.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program library development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME keyward)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "ca-certificates, tpm-udev")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libkeyward${KEYWARD_SOVERSION})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libkeyward-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libkeyward${KEYWARD_SOVERSION} (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "attested keys from Azure Key Vault\n Releases the keys of a configuration to an AMD SEV-SNP confidential VM.")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "attested keys from Azure Key Vault, library\n What keyward does, for C and C++.")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "attested keys from Azure Key Vault, development\n Headers, archive, pkg-config file and examples of libkeyward.")
include(CPack)

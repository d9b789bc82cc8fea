# SPDX-License-Identifier: Apache-2.0
# Warnings are errors; hardening is on in every build type. Flags that a compiler lacks are left out.
include(CheckCCompilerFlag)
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# assert() stays on in release builds.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

add_library(rx_flags INTERFACE)
target_compile_definitions(rx_flags INTERFACE _GNU_SOURCE RX_VERSION="${RX_VERSION}")
target_include_directories(rx_flags INTERFACE ${PROJECT_SOURCE_DIR})

set(flags -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wformat=2 -Wundef -Wimplicit-fallthrough -Wcast-align -Wlogical-op
    -Wvla -Wdouble-promotion -Wno-sign-conversion
    -fstack-protector-strong -fno-common)
if(NOT RX_SANITIZE)
    list(APPEND flags -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero)
endif()
foreach(flag IN LISTS flags)
    string(MAKE_C_IDENTIFIER "RX_HAS${flag}" known)
    check_c_compiler_flag(${flag} ${known})
    if(${known})
        target_compile_options(rx_flags INTERFACE ${flag})
    endif()
endforeach()

if(RX_SANITIZE)
    target_compile_options(rx_flags INTERFACE -fsanitize=${RX_SANITIZE} -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    target_link_options(rx_flags INTERFACE -fsanitize=${RX_SANITIZE})
    if(RX_FUZZ)
        target_compile_options(rx_flags INTERFACE -fsanitize=fuzzer-no-link)
    endif()
else()
    if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
        target_compile_options(rx_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    endif()
    target_link_options(rx_flags INTERFACE -Wl,-z,relro,-z,now,--as-needed)
endif()

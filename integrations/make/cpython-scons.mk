# include third_party/cpython-scons/integrations/make/cpython-scons.mk
#
# $(eval $(call cpython_scons_app,build/controller,apps/controller.py,path=apps/lib flash=4M))
#
# is a rule for build/controller, one program of a Python application: the output, the source, and arguments of scons. scons knows what
# is up to date; so it is asked in every build. CPYTHON_SCONS_TARGET is the target, CPYTHON_SCONS_BUILD the folder of everything else,
# CPYTHON_SCONS_OPTIONS are arguments for all programs. With CROSS_COMPILE, as in the kernel's make, its gcc is taken; otherwise zig.
CPYTHON_SCONS_ROOT := $(dir $(lastword $(MAKEFILE_LIST)))../..
CPYTHON_SCONS ?= scons
CPYTHON_SCONS_BUILD ?= build/cpython-scons
CPYTHON_SCONS_TOOLCHAIN ?= $(if $(CROSS_COMPILE),toolchain=gcc:$(CROSS_COMPILE))

# One scons at a time works in one folder: flock, on a file of its own, since scons itself locks the folder. The third argument may have
# commas, which for make begin another one.
cpython_scons_comma := ,
define cpython_scons_app
$(1): cpython-scons-always
	@mkdir -p "$$(CPYTHON_SCONS_BUILD)"
	+@flock "$$(CPYTHON_SCONS_BUILD)/.make-lock" $$(CPYTHON_SCONS) -Q -f "$$(CPYTHON_SCONS_ROOT)/integrations/SConstruct" \
	  name="$$(notdir $(1))" source="$(2)" output="$(1)" target="$$(CPYTHON_SCONS_TARGET)" build_dir="$$(CPYTHON_SCONS_BUILD)" \
	  $$(CPYTHON_SCONS_TOOLCHAIN) $$(CPYTHON_SCONS_OPTIONS) \
	  $(3)$(if $(4),$(cpython_scons_comma)$(4))$(if $(5),$(cpython_scons_comma)$(5))$(if $(6),$(cpython_scons_comma)$(6))$(if $(7),$(cpython_scons_comma)$(7))
endef

.PHONY: cpython-scons-always

from hypothesis import settings

# How fast a machine is today is no property of the code.
settings.register_profile("sigwatch", deadline=None)
settings.load_profile("sigwatch")

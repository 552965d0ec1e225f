global using Ixy.Testing;
global using Ixy.Vm.Tests.Rig;
global using Ixy.Vm.Tests.Traffic;
global using Xunit;

// A software-emulated guest takes all the core time it can get.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

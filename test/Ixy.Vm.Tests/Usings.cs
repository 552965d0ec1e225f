global using Ixy.Testing;
global using Ixy.Vm.Tests.Rig;
global using Ixy.Vm.Tests.Traffic;
global using Xunit;

// A guest emulated in software takes what it can get of the machine's cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

// Simulated cards run on one device thread that needs its own core, and the machine has two.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]

// User-space drivers here are for Linux only.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

using System.Runtime.InteropServices;
using Ixy.Setup.Binding;
using Ixy.Vfio;

namespace Ixy.Setup.Tests.Binding;

/// <summary>
/// What restores drivers and huge pages after a reboot, in a root directory of the test's own. BindTests in
/// Ixy.Vm.Tests shows in a guest that udev obeys it.
/// </summary>
public sealed partial class StartUpTests : IDisposable
{
    private const string Card = "0000:03:00.0", Other = "0000:04:00.0", Gone = "0000:09:00.0";
    private const int Nobody = 65534;
    private const long Short = 2 << 20, Long = 1 << 30;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("ixy-start-");

    private StartUpDrivers Drivers => new(_root.FullName);

    private string Rule => PathOf("etc/udev/rules.d/10-ixy-drivers.rules");

    private string Pages => PathOf("etc/tmpfiles.d/ixy-hugepages.conf");

    [Fact]
    public void ADriverIsNotedAsDriverctlDoes()
    {
        Assert.Null(Drivers.Find(Card));
        Drivers.Set(Card, "vfio-pci");
        Assert.Equal("vfio-pci\n", File.ReadAllText(PathOf($"etc/driverctl.d/pci-{Card}")));
        Drivers.Set(Card, "uio_pci_generic");
        Drivers.Set(Other, DriverBinding.NoDriver);
        Assert.Equal(("uio_pci_generic", "none"), (Drivers.Find(Card), Drivers.Find(Other)));
        Assert.Equal(
            [$"pci-{Card}", $"pci-{Other}"],
            Directory.GetFileSystemEntries(PathOf("etc/driverctl.d")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void TheRuleIsThereAsLongAsADriverIsNoted()
    {
        Drivers.Set(Card, "vfio-pci");
        string rule = File.ReadAllText(Rule);
        Assert.Contains("TEST!=\"/etc/driverctl.d/pci-$kernel\"", rule);
        Assert.Contains("ATTR{class}!=\"0x02*\", GOTO=\"ixy_end\"", rule);
        Drivers.Set(Other, "vfio-pci");
        Assert.True(Drivers.Forget(Card));
        Assert.Equal(rule, File.ReadAllText(Rule));
        Assert.True(Drivers.Forget(Other));
        Assert.False(Drivers.Forget(Other));
        Assert.Empty(Directory.GetFiles(_root.FullName, "*", SearchOption.AllDirectories));
        Assert.False(Directory.Exists(PathOf("etc/driverctl.d")));
    }

    [Theory]
    [InlineData("lib/udev/rules.d/05-driverctl.rules")]
    [InlineData("usr/lib/udev/rules.d/05-driverctl.rules")]
    public void WhereDriverctlIsItsOwnRuleIsEnough(string rule)
    {
        Write(rule, "");
        Drivers.Set(Card, "vfio-pci");
        Assert.Equal("vfio-pci", Drivers.Find(Card));
        Assert.False(File.Exists(Rule));
        Assert.True(Drivers.Forget(Card));
        Assert.Null(Drivers.Find(Card));
    }

    // As root on a machine with a restrictive umask.
    [Fact]
    public void EverybodyMayReadWhatIsNoted()
    {
        CreatePools();
        Drivers.Set(Card, "vfio-pci");
        Reserve(1, Short, null);
        const UnixFileMode Expected = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead
            | UnixFileMode.OtherRead;
        Assert.All(
            new[] { PathOf($"etc/driverctl.d/pci-{Card}"), Rule, Pages },
            path => Assert.Equal(Expected, File.GetUnixFileMode(path)));
    }

    [Fact]
    public void WhatDriverctlNotedStaysWhenAnotherCardIsForgotten()
    {
        Write($"etc/driverctl.d/pci-{Other}", "vfio-pci\n");
        Drivers.Set(Card, "vfio-pci");
        Drivers.Forget(Card);
        Assert.Equal("vfio-pci", Drivers.Find(Other));
    }

    [Fact]
    public void WhatCannotBeWrittenIsTold()
    {
        CreatePools();
        Write("etc", "a file where a folder should be");
        Assert.Contains(
            "nothing was changed for the next start: ",
            Assert.Throws<PciDeviceException>(() => Drivers.Set(Card, "vfio-pci")).Message);
        Assert.Contains(
            "nothing was changed for the next start: ",
            Assert.Throws<DmaMemoryException>(
                () => HugePages.ReserveAtStartUp(_root.FullName, 1, Short, null)).Message);
    }

    [Fact]
    public void WithoutTheRuleNoDriverIsNoted()
    {
        Write("etc/udev", "a file where a folder should be");
        Assert.Throws<PciDeviceException>(() => Drivers.Set(Card, "vfio-pci"));
        Assert.Null(Drivers.Find(Card));
    }

    // The card is forgotten nevertheless, and the message says so.
    [Fact]
    public void ARuleThatCannotBeRemovedIsSaidToBeOfNoUse()
    {
        Drivers.Set(Card, "vfio-pci");
        string folder = Path.GetDirectoryName(Rule)!;
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            string message = AsNobody(() => Assert.Throws<PciDeviceException>(() => Drivers.Forget(Card)).Message);
            Assert.StartsWith(
                $"{Card} is left to the kernel from the next start on, but something of no use remains: ", message);
            Assert.Null(Drivers.Find(Card));
        }
        finally
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void OnlyANetworkCardIsForgotten()
    {
        using var sysfs = new FakeSysfs();
        var kernel = new FakeKernel(sysfs);
        sysfs.Add(Card);
        sysfs.Add(Other, classCode: 0x010600);
        foreach (string name in new[] { Card, Other, Gone }) Drivers.Set(name, "vfio-pci");
        Assert.Contains("is not a network card", Assert.Throws<PciDeviceException>(() => Forget(Other)).Message);
        kernel.ActsAsRoot = false;
        Assert.Throws<PrivilegeException>(() => Forget(Card));
        Assert.Throws<PrivilegeException>(() => Forget(Gone));
        Assert.Equal(
            ("vfio-pci", "vfio-pci", "vfio-pci"), (Drivers.Find(Card), Drivers.Find(Other), Drivers.Find(Gone)));
        kernel.ActsAsRoot = true;
        Assert.True(Forget(Card));
        Assert.True(Forget(Gone));
        Assert.False(Forget(Gone));
        Assert.Equal((null, "vfio-pci", null), (Drivers.Find(Card), Drivers.Find(Other), Drivers.Find(Gone)));

        bool Forget(string name) => DriverBinder.ForgetAtStartUp(kernel, Drivers, name);
    }

    [Fact]
    public void OnlyACardWithADriversNameIsNoted()
    {
        using var sysfs = new FakeSysfs();
        var kernel = new FakeKernel(sysfs);
        sysfs.Add(Card);
        sysfs.Add(Other, classCode: 0x010600);
        Assert.Throws<ArgumentException>(() => new DriverBinder(kernel, Card, false).BindAtStartUp(Drivers, "../x"));
        Assert.Contains("is not a network card", Assert.Throws<PciDeviceException>(
            () => new DriverBinder(kernel, Other, false).BindAtStartUp(Drivers, "vfio-pci")).Message);
        kernel.ActsAsRoot = false;
        Assert.Throws<PrivilegeException>(
            () => new DriverBinder(kernel, Card, false).BindAtStartUp(Drivers, "vfio-pci"));
        Assert.Null(Drivers.Find(Card));
        kernel.ActsAsRoot = true;
        new DriverBinder(kernel, Card, false).BindAtStartUp(Drivers, "vfio-pci");
        Assert.Equal("vfio-pci", Drivers.Find(Card));
        Assert.Empty(kernel.Writes);
    }

    [Fact]
    public void HugePagesOfEachLengthAndNodeHaveALine()
    {
        CreatePools();
        Reserve(512, Short, null);
        Reserve(3, Long, 1);
        Reserve(64, Short, 0);
        Reserve(256, Short, null);
        Assert.Equal(
            (256, 3, 64, null), (Find(Short, null), Find(Long, 1), Find(Short, 0), Find(Long, null)));
        Assert.Equal(
            ["w! /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages - - - - 64",
                "w! /sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages - - - - 3",
                "w! /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages - - - - 256"],
            File.ReadAllLines(Pages).Where(line => !line.StartsWith('#')).Order(StringComparer.Ordinal));
        Assert.Single(File.ReadAllLines(Pages), line => line.StartsWith('#'));
    }

    [Fact]
    public void WhatIsForgottenLeavesNothing()
    {
        CreatePools();
        Reserve(0, Short, null);
        Reserve(512, Short, null);
        Reserve(0, Short, 0);
        Assert.Equal(512, Find(Short, null));
        Reserve(0, Short, null);
        Assert.Null(Find(Short, null));
        Assert.False(File.Exists(Pages));
    }

    [Fact]
    public void PagesThatThereAreNotCanOnlyBeForgotten()
    {
        CreatePools();
        Reserve(1, Long, 1);
        Directory.Delete(PathOf("sys/devices/system/node/node1"), recursive: true);
        Assert.Contains(
            "memory node 1 has no huge pages of 1024 MiB: expected one of the nodes 0",
            Assert.Throws<DmaMemoryException>(() => Reserve(2, Long, 1)).Message);
        Assert.Contains(
            "this machine has no huge pages of 4 MiB",
            Assert.Throws<DmaMemoryException>(() => Reserve(1, 4 << 20, null)).Message);
        Assert.Equal(1, Find(Long, 1));
        Reserve(0, Long, 1);
        Assert.False(File.Exists(Pages));
    }

    // As systemd does at boot; and as it does whenever a package is installed, which must change nothing.
    [SkippableTheory]
    [Trait("needs", "root")]
    [InlineData(true, "512")]
    [InlineData(false, "0")]
    public void SystemdReservesThemAtTheStartAlone(bool isStart, string expected)
    {
        Needs.Root("systemd-tmpfiles writes as root");
        Skip.IfNot(Tool.Exists("systemd-tmpfiles"), "systemd-tmpfiles is not installed (apt install systemd)");
        const string Pool = "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
        Write(Pool, "0");
        Reserve(512, Short, null);
        string[] boot = isStart ? ["--boot"] : [];
        using var tmpfiles = IxyProcess.StartOther(
            "systemd-tmpfiles", ["--create", .. boot, $"--root={_root.FullName}", Pages]);
        Assert.True(tmpfiles.WaitForExit() == 0, tmpfiles.Error);
        Assert.Equal(expected, File.ReadAllText(PathOf(Pool)).Trim());
    }

    public void Dispose() => _root.Delete(recursive: true);

    private void Reserve(int count, long length, int? node) =>
        HugePages.ReserveAtStartUp(_root.FullName, count, length, node);

    private void CreatePools()
    {
        foreach (string place in new[] { "kernel/mm", "devices/system/node/node0", "devices/system/node/node1" })
            foreach (long length in new[] { Short, Long })
            {
                Write($"sys/{place}/hugepages/hugepages-{length >> 10}kB/nr_hugepages", "0\n");
                Write($"sys/{place}/hugepages/hugepages-{length >> 10}kB/free_hugepages", "0\n");
            }
    }

    private int? Find(long length, int? node) => HugePages.FindAtStartUp(_root.FullName, length, node);

    // Meanwhile root's files belong to nobody, and this thread alone has nobody's permissions.
    private string AsNobody(Func<string> act)
    {
        if (!Environment.IsPrivilegedProcess) return act();
        Tool.Run("chown", "-R", $"{Nobody}", _root.FullName);
        _ = SetFileSystemUser(Nobody);
        try
        {
            return act();
        }
        finally
        {
            _ = SetFileSystemUser(0);
        }
    }

    private string PathOf(string path) => Path.Combine(_root.FullName, path);

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        File.WriteAllText(PathOf(path), text);
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileSystemUser(int user);
}

using Ixy.Vfio;

namespace Ixy.Setup.Tests;

/// <summary>What is read from the kernel's huge page files, and which file a reservation is written to.</summary>
public sealed class HugePagesTests : IDisposable
{
    private const long Short = 2 << 20, Long = 1 << 30, Available = 100 << 20;

    private readonly DirectoryInfo _sysfs = Directory.CreateTempSubdirectory("ixy-hugepages-");

    [Fact]
    public void EveryLengthAndNodeIsShown()
    {
        Add(node: 1, "1048576kB", total: 2, free: 1);
        Add(node: 1, "2048kB", total: 7, free: 0);
        Add(node: 0, "2048kB", total: 16, free: 5);
        Assert.Equal([new(Short, 0, 16, 5), new(Short, 1, 7, 0), new(Long, 1, 2, 1)], HugePages.Pools(_sysfs.FullName));
    }

    [Fact]
    public void AKernelThatKnowsNoNodesHasPoolsAllTheSame()
    {
        Add(node: null, "2048kB", total: 3, free: 2);
        Assert.Equal([new(Short, null, 3, 2)], HugePages.Pools(_sysfs.FullName));
    }

    [Fact]
    public void AKernelWithoutHugePagesHasNone() => Assert.Empty(HugePages.Pools(_sysfs.FullName));

    [Fact]
    public void AReservationGoesToTheNodeOrToAll()
    {
        Add(node: null, "2048kB", total: 0, free: 0);
        Add(node: 1, "2048kB", total: 0, free: 0);
        Assert.Equal(12, HugePages.Reserve(_sysfs.FullName, 12, Short, node: 1, Available));
        Assert.Equal(("0", "12"), (Total(null), Total(1)));
        Assert.Equal(30, HugePages.Reserve(_sysfs.FullName, 30, Short, node: null, Available));
        Assert.Equal(("30", "12"), (Total(null), Total(1)));
    }

    [Theory]
    [InlineData(Long, null, "this machine has no huge pages of 1024 MiB: expected 2 MiB")]
    [InlineData(Long, 1, "memory node 1 has no huge pages of 1024 MiB: expected 2 MiB")]
    [InlineData(Short, 5, "memory node 5 has no huge pages of 2 MiB: expected one of the nodes 1")]
    public void WhatThereIsNotIsToldWithWhatThereIs(long length, int? node, string message)
    {
        Add(node: null, "2048kB", total: 0, free: 0);
        Add(node: 1, "2048kB", total: 0, free: 0);
        Assert.Equal(
            message, Assert.Throws<DmaMemoryException>(
                () => HugePages.Reserve(_sysfs.FullName, 1, length, node, Available)).Message);
    }

    [Fact]
    public void MoreThanTheMachineCanSpareIsNotAskedOfTheKernel()
    {
        Add(node: null, "2048kB", total: 10, free: 0);
        var error = Assert.Throws<DmaMemoryException>(
            () => HugePages.Reserve(_sysfs.FullName, 61, Short, node: null, Available));
        Assert.Equal(
            "51 more huge pages of 2 MiB would take 102 MiB, and 100 MiB are available: expected at most 60 pages in "
            + "all", error.Message);
        Assert.Equal("10", Total(null));
        Assert.Throws<DmaMemoryException>(
            () => HugePages.Reserve(_sysfs.FullName, int.MaxValue, Short, node: null, Available));
        Assert.Equal(60, HugePages.Reserve(_sysfs.FullName, 60, Short, node: null, Available));
        Assert.Equal(0, HugePages.Reserve(_sysfs.FullName, 0, Short, node: null, available: 0));
    }

    [Fact]
    public void MountsOfHugetlbfsAreFoundAmongOthers()
    {
        string mounts = Path.Combine(_sysfs.FullName, "mounts");
        File.WriteAllText(
            mounts, "proc /proc proc rw 0 0\nhugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0\nnone "
            + "/huge hugetlbfs rw 0 0\nhugetlbfs /hugetlbfs tmpfs rw 0 0\n");
        Assert.Equal([new("/dev/hugepages", "rw,relatime,pagesize=2M"), new("/huge", "rw")], HugePages.Mounts(mounts));
    }

    [Fact]
    public void ANegativeNumberIsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => HugePages.Reserve(-1, Short));

    public void Dispose() => _sysfs.Delete(recursive: true);

    private void Add(int? node, string length, int total, int free)
    {
        string pool = Path.Combine(Pools(node), $"hugepages-{length}");
        Directory.CreateDirectory(pool);
        File.WriteAllText(Path.Combine(pool, "nr_hugepages"), $"{total}\n");
        File.WriteAllText(Path.Combine(pool, "free_hugepages"), $"{free}\n");
    }

    private string Total(int? node) =>
        File.ReadAllText(Path.Combine(Pools(node), "hugepages-2048kB/nr_hugepages")).Trim();

    private string Pools(int? node) =>
        Path.Combine(
            _sysfs.FullName, node is null ? "kernel/mm/hugepages" : $"devices/system/node/node{node}/hugepages");
}

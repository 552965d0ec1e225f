namespace Ixy.Cli.Tests;

/// <summary>A warning if the program that would apply saved settings at the next boot is missing.</summary>
public sealed class KeeperTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ixy-keeper-");

    [Fact]
    public void WhereNobodyKeepsAPromiseThatIsSaid()
    {
        var keeper = new Keeper("udevadm", "udev", ["/nowhere", _folder.FullName]);
        Assert.Equal(
            "this machine has no udevadm: without udev, what is noted for 0000:03:00.0 changes nothing at the start of "
            + "the machine", Assert.Single(keeper.WarningsFor("0000:03:00.0")));
        File.WriteAllText(Path.Combine(_folder.FullName, "udevadm"), "");
        Assert.Empty(keeper.WarningsFor("0000:03:00.0"));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}

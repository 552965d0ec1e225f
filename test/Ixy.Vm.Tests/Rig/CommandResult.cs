namespace Ixy.Vm.Tests.Rig;

/// <summary>The result of a command in a guest.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>The exit code of a command that a signal killed, as shells report it.</summary>
    internal const int Killed = 128 + 9;

    /// <summary>Asserts that it ended with 0. Returns its standard output.</summary>
    internal string Succeeded()
    {
        Assert.True(ExitCode == 0, ToString());
        return Output;
    }

    public override string ToString() => $"exit code {ExitCode}; standard output: {Output}; standard error: {Error}";
}

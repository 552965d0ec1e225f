using System.Diagnostics;
using System.Reflection;

namespace Ixy.Testing;

/// <summary>
/// What a test needs beyond a machine and a few seconds, as <c>[Trait("needs", "root")]</c> or <c>"time"</c>:
/// <c>eng/test</c> without arguments leaves such tests out.
/// </summary>
internal static class Needs
{
    /// <summary>
    /// Skips a test that needs root when not running as root; a test without the trait fails on any machine.
    /// </summary>
    internal static void Root(string why)
    {
        var callers = new StackTrace().GetFrames().Select(frame => frame.GetMethod()).OfType<MethodBase>();
        Assert.True(callers.Any(IsMarked), "a test that needs root wants [Trait(\"needs\", \"root\")]");
        Skip.IfNot(Environment.IsPrivilegedProcess, why);
    }

    // The code of an async or iterator method is in a nested class of the test's class.
    private static bool IsMarked(MethodBase method)
    {
        for (MemberInfo? member = method; member is not null; member = member.DeclaringType)
        {
            if (member.CustomAttributes.Any(IsRoot)) return true;
        }
        return false;
    }

    private static bool IsRoot(CustomAttributeData attribute) => attribute.AttributeType == typeof(TraitAttribute)
        && attribute.ConstructorArguments.Select(argument => argument.Value).SequenceEqual(["needs", "root"]);
}
